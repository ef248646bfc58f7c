"""The sample course: the model case as synthetic tubes, with its sheet and its known truth.

What lives here: which tubes there are and what is in them. How a cell looks is told in
`carflow.simulate`.

A published case report gives five percentages of CD3+CAR+ cells (days 1, 4, 7, 12 and 14) and
the steroid days. Everything else (the other days, blood counts, beads, qPCR, dates) is our
own and marked so in ``truth.csv``. The report does not say what the five percentages are
percentages of; the course assumes CD3+.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from carflow import simulate
from carflow.fcs.writer import write_fcs
from carflow.report.files import make_folder, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SUBJECT = "P01"
_T_CELLS = 10_000  # so that each of the five percentages is exact
_BEADS_WANTED = 2_000
_BEADS_PER_UL_OF_LOT = 1_000.0
_TOTAL_UL = 1_000.0
_FLOW_UL_PER_S = 100.0 / 60.0
_VCN_PRODUCT, _CAR_PCT_PRODUCT = 0.48, 40.0
_COPIES_PER_CAR_CELL = _VCN_PRODUCT / (_CAR_PCT_PRODUCT / 100.0)
_GENOME_UG = 6.6e-6
# $DATE is invented and unrelated to the report
_INFUSION = date(2001, 3, 5)

REPORT = "case report"
OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One tube of the course. `others` are its CD45+ cells besides T cells."""

    sample_id: str
    day: float
    car_pct_cd3: float
    source: str
    wbc_1e9_l: float
    blood_ul: float
    others: Mapping[str, int]
    cd4_share: float
    label: str
    sample_type: str = "patient"
    qpcr_factor: float = 1.0

    @property
    def car_cells(self) -> int:
        """CAR T cells in the tube, by exact count."""
        return round(self.car_pct_cd3 / 100.0 * _T_CELLS)

    @property
    def cd45_cells(self) -> int:
        """Live single CD45+ cells in the tube."""
        return _T_CELLS + sum(self.others.values())

    @property
    def lymphocytes(self) -> int:
        """Live single lymphocytes in the tube."""
        return _T_CELLS + self.others["B"] + self.others["NK"]

    @property
    def acquired_blood_ul(self) -> float:
        """Blood the acquired events come from; everything else follows from it."""
        return self.cd45_cells / (self.wbc_1e9_l * 1000.0)

    @property
    def beads_added_ul(self) -> float:
        """Bead suspension that brings about `_BEADS_WANTED` events, in whole µL."""
        beads = _BEADS_WANTED / self.acquired_blood_ul * self.blood_ul
        return float(round(beads / _BEADS_PER_UL_OF_LOT))

    @property
    def bead_events(self) -> int:
        """Bead events among the acquired ones."""
        beads = self.beads_added_ul * _BEADS_PER_UL_OF_LOT
        return round(beads * self.acquired_blood_ul / self.blood_ul)

    @property
    def acquired_nl(self) -> float:
        """Volume of the diluted tube that was acquired, as $VOL states it."""
        return self.acquired_blood_ul * _TOTAL_UL / self.blood_ul * 1000.0

    @property
    def duration_s(self) -> float:
        """Length of the acquisition."""
        return self.acquired_nl / 1000.0 / _FLOW_UL_PER_S

    @property
    def car_per_ul(self) -> float:
        """CAR T cells per µL of blood."""
        return self.car_cells / self.acquired_blood_ul

    @property
    def copies_per_ug(self) -> str:
        """CAR gene copies per µg of DNA as a laboratory would write them."""
        per_genome = _COPIES_PER_CAR_CELL * self.car_cells / self.cd45_cells
        copies = per_genome / _GENOME_UG * self.qpcr_factor
        return f"{float(f'{copies:.3g}'):.0f}" if copies >= 50.0 else "<50"


def _cells(nk: int, monocytes: int, granulocytes: int, b: int = 0) -> dict[str, int]:
    return {"B": b, "NK": nk, "monocyte": monocytes, "granulocyte": granulocytes}


VISITS = (
    Visit(sample_id="P01-pre", day=-1, car_pct_cd3=0.0, source=OWN, wbc_1e9_l=0.42, blood_ul=200.0,
          others=_cells(700, 900, 6200, b=160), cd4_share=0.58, label="pre-infusion",
          sample_type="pre-infusion"),
    Visit(sample_id="P01-d01", day=1, car_pct_cd3=4.26, source=REPORT, wbc_1e9_l=0.35,
          blood_ul=200.0, others=_cells(640, 1100, 6900, b=40), cd4_share=0.57, label="day 1",
          qpcr_factor=1.15),
    Visit(sample_id="P01-d04", day=4, car_pct_cd3=12.33, source=REPORT, wbc_1e9_l=0.60,
          blood_ul=200.0, others=_cells(720, 1300, 6600, b=20), cd4_share=0.55, label="day 4",
          qpcr_factor=0.92),
    Visit(sample_id="P01-d07", day=7, car_pct_cd3=45.31, source=REPORT, wbc_1e9_l=1.20,
          blood_ul=100.0, others=_cells(600, 1500, 6000, b=5), cd4_share=0.48, label="day 7",
          qpcr_factor=1.08),
    Visit(sample_id="P01-d12", day=12, car_pct_cd3=69.94, source=REPORT, wbc_1e9_l=2.40,
          blood_ul=100.0, others=_cells(540, 1400, 5200), cd4_share=0.42, label="day 12",
          qpcr_factor=0.95),
    Visit(sample_id="P01-d14", day=14, car_pct_cd3=24.33, source=REPORT, wbc_1e9_l=3.10,
          blood_ul=100.0, others=_cells(650, 1500, 6300), cd4_share=0.44, label="day 14",
          qpcr_factor=1.05),
    Visit(sample_id="P01-d21", day=21, car_pct_cd3=8.10, source=OWN, wbc_1e9_l=3.60,
          blood_ul=100.0, others=_cells(800, 1500, 6400), cd4_share=0.46, label="day 21",
          qpcr_factor=0.90),
    Visit(sample_id="P01-d28", day=28, car_pct_cd3=3.40, source=OWN, wbc_1e9_l=4.20,
          blood_ul=100.0, others=_cells(850, 1400, 6700), cd4_share=0.47, label="day 28",
          qpcr_factor=1.10),
    Visit(sample_id="P01-d12-FMO", day=12, car_pct_cd3=69.94, source=OWN, wbc_1e9_l=2.40,
          blood_ul=100.0, others=_cells(540, 1400, 5200), cd4_share=0.42,
          label="day 12, all but CAR", sample_type="FMO"),
)  # fmt: skip

TREATMENTS = (
    ("methylprednisolone", 9, 11, 80),
    ("methylprednisolone", 12, 12, 60),
    ("methylprednisolone", 13, 13, 40),
)


def recipe_of(visit: Visit) -> simulate.Recipe:
    """Return what the simulator needs to make a visit's tube."""
    car_cd4 = round(visit.car_cells * visit.cd4_share)
    other_t = _T_CELLS - visit.car_cells
    other_cd4 = round(other_t * 0.58)
    counts = {
        "CD4 CAR T": car_cd4,
        "CD8 CAR T": visit.car_cells - car_cd4,
        "CD4 T": other_cd4,
        "CD8 T": other_t - other_cd4,
        **visit.others,
        "dead": 1_000,
        "debris": 2_600,
        "bead": visit.bead_events,
    }
    return simulate.Recipe(
        identity=f"carflow sample course/{visit.sample_id}",
        counts=counts,
        doublets=800,
        duration_s=visit.duration_s,
        car_stained=visit.sample_type != "FMO",
    )


def write_course(folder: Path) -> tuple[Path, ...]:
    """Write the tubes, the sheet, the treatments and the truth of the sample course.

    Parameters
    ----------
    folder : Path
        Made if it does not exist. Files of the same name are replaced.

    Returns
    -------
    tuple of Path
        What was written, in the order of the sheet.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    make_folder(folder)
    written = [_write_tube(folder, visit, position) for position, visit in enumerate(VISITS)]
    texts = {
        "samples.csv": sheet_text(),
        "treatments.csv": treatments_text(),
        "truth.csv": truth_text(),
    }
    return (*written, *(write_text(folder / name, text) for name, text in texts.items()))


def _write_tube(folder: Path, visit: Visit, position: int) -> Path:
    path = folder / _file_name(visit)
    recipe = recipe_of(visit)
    begin = datetime.combine(_INFUSION, datetime.min.time()) + timedelta(
        days=visit.day, hours=10, minutes=15 * position
    )
    end = begin + timedelta(seconds=visit.duration_s)
    keywords = {
        "$CYT": "carflow simulator",
        "$DATE": begin.strftime("%d-%b-%Y").upper(),
        "$BTIM": begin.strftime("%H:%M:%S.%f")[:11],
        "$ETIM": end.strftime("%H:%M:%S.%f")[:11],
        "$TIMESTEP": f"{simulate.TIMESTEP_S:g}",
        "$VOL": f"{visit.acquired_nl:.0f}",
        "$SPILLOVER": simulate.spillover_keyword(),
        "$COM": "synthetic: no patient, no instrument",
        **_voltages(),
    }
    write_fcs(
        path,
        simulate.simulate_tube(recipe),
        channels=simulate.CHANNELS,
        markers=simulate.MARKERS,
        keywords=keywords,
        ranges=[simulate.RANGE] * len(simulate.CHANNELS),
    )
    return path


def _voltages() -> dict[str, str]:
    """Return the detector voltages, the same in all tubes."""
    return {
        f"$P{number}V": "300" if channel in simulate.SCATTER else "450"
        for number, channel in enumerate(simulate.CHANNELS, start=1)
        if channel != "Time"
    }


def _file_name(visit: Visit) -> str:
    return f"{visit.sample_id.replace('-', '_')}.fcs"


def sheet_text() -> str:
    """Return samples.csv of the course."""
    header = ("file", "sample_id", "subject_id", "day", "sample_type", "panel_id", "visit_label",
              "wbc_1e9_l", "alc_1e9_l", "beads_added_ul", "bead_conc_per_ul", "blood_ul",
              "total_ul", "copies_per_ug", "gdna_source", "vcn_product",
              "car_pct_product")  # fmt: skip
    lines: list[tuple[object, ...]] = []
    for visit in VISITS:
        alc = visit.lymphocytes / visit.acquired_blood_ul / 1000.0
        patient = visit.sample_type != "FMO"
        lines.append(
            (
                _file_name(visit), visit.sample_id, SUBJECT, f"{visit.day:g}", visit.sample_type,
                "car_t_blood", visit.label,
                f"{visit.wbc_1e9_l:.2f}" if patient else "",
                f"{alc:.2f}" if patient else "",
                f"{visit.beads_added_ul:g}", f"{_BEADS_PER_UL_OF_LOT:g}", f"{visit.blood_ul:g}",
                f"{_TOTAL_UL:g}", visit.copies_per_ug if patient else "",
                *(("whole blood", f"{_VCN_PRODUCT:g}", f"{_CAR_PCT_PRODUCT:g}") if patient else
                  ("", "", "")),
            )
        )  # fmt: skip
    return _csv(header, lines)


def treatments_text() -> str:
    """Return treatments.csv of the course: the steroid days of the report."""
    header = ("subject_id", "drug", "start_day", "stop_day", "dose", "dose_unit")
    lines = [(SUBJECT, drug, start, stop, dose, "mg/d") for drug, start, stop, dose in TREATMENTS]
    return _csv(header, lines)


def truth_text() -> str:
    """Return truth.csv: the realised counts of live single cells, and what follows from them."""
    header = ("sample_id", "day", "sample_type", "car_pct_cd3_from", "n_cd45", "n_lymphocytes",
              "n_cd3", "n_car", "n_car_cd4", "n_car_cd8", "n_beads", "car_pct_cd3",
              "car_pct_lymph", "car_pct_cd45", "acquired_blood_ul", "car_per_ul", "cd3_per_ul",
              "copies_per_ug")  # fmt: skip
    lines: list[tuple[object, ...]] = []
    for visit in VISITS:
        stained = visit.sample_type != "FMO"
        car = visit.car_cells if stained else 0
        counts = recipe_of(visit).counts
        blood = visit.acquired_blood_ul
        lines.append(
            (
                visit.sample_id, f"{visit.day:g}", visit.sample_type, visit.source,
                visit.cd45_cells, visit.lymphocytes, _T_CELLS, car,
                counts["CD4 CAR T"] if stained else 0, counts["CD8 CAR T"] if stained else 0,
                visit.bead_events, f"{100 * car / _T_CELLS:.4f}",
                f"{100 * car / visit.lymphocytes:.4f}", f"{100 * car / visit.cd45_cells:.4f}",
                f"{blood:.6f}", f"{car / blood:.4f}", f"{_T_CELLS / blood:.4f}",
                visit.copies_per_ug if stained else "",
            )
        )  # fmt: skip
    return _csv(header, lines)


def _csv(header: tuple[str, ...], lines: Iterable[tuple[object, ...]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue()
