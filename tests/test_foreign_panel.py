"""Found gates on a panel, a matrix and cells that they were not built on.

The simulator here shares nothing with `carflow.simulate`: other detectors and markers, a drawn
spillover matrix, log-normal cells with light of their own that grows with side scatter, photons
counted one by one, doublets as sums of two cells. The slow test prints a table:
`pytest -m slow -s tests/test_foreign_panel.py`.
"""

import csv
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

import carflow as cf
from carflow.applied_gates import own_gates
from carflow.fcs.writer import write_fcs
from carflow.gating.reading import shipped_templates
from carflow.gating.strategy import Strategy
from carflow.gating.template import parse_template
from carflow.measure import Measure

MARKERS = {
    "V450-A": "CD45", "B515-A": "CD3", "R660-A": "CAR", "V605-A": "CD4", "R780-A": "CD8",
    "V510-A": "L/D", "G780-A": "CD14/CD19",
}  # fmt: skip
CHANNELS = ("Time", "FSC-A", "FSC-H", "SSC-A", *MARKERS)
CAR = list(MARKERS).index("R660-A")
# medians of forward and side scatter, then of the markers
CELLS = {
    "CD4 T": (75e3, 20e3, 14e3, 7e3, 0, 6e3, 0, 0, 0),
    "CD8 T": (75e3, 21e3, 14e3, 7e3, 0, 0, 9e3, 0, 0),
    "B": (72e3, 19e3, 12e3, 0, 0, 0, 0, 0, 8e3),
    "NK": (78e3, 24e3, 13e3, 0, 0, 0, 900, 0, 0),
    "monocyte": (110e3, 60e3, 9e3, 0, 0, 1200, 0, 0, 12e3),
    "granulocyte": (120e3, 140e3, 4e3, 0, 0, 0, 0, 0, 0),
    "dead": (45e3, 40e3, 5e3, 800, 0, 500, 500, 12e3, 1500),
    "debris": (12e3, 8e3, 0, 0, 0, 0, 0, 300, 0),
}
BLOOD = {"B": 0.05, "NK": 0.12, "monocyte": 0.2, "granulocyte": 0.5, "dead": 0.17, "debris": 0.45}
PBMC = {"B": 0.08, "NK": 0.2, "monocyte": 0.3, "dead": 0.15, "debris": 0.2}
OWN_LIGHT = np.array([1.0, 1.2, 0.5, 1.0, 0.4, 1.1, 0.5])
BRIGHTNESS = {"bright": (9000.0, 0.6), "mid": (3000.0, 0.8), "dim": (1200.0, 0.9)}
DAYS, PERCENTAGES = (1, 4, 7, 12, 14), (69.94, 45.31, 24.33, 12.33, 4.26)
T_CELLS = 8_000


@dataclass(frozen=True, kw_only=True)
class Course:
    """One subject: what else is in the tube, the reagent, and what changes from day to day."""

    others: dict[str, float]
    reagent: str
    unsteady: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Tube:
    """The events of one tube, which of them are T cells, and the true percentage."""

    events: np.ndarray
    t_cells: np.ndarray
    car_pct_cd3: float


def tube(
    rng: np.random.Generator,
    course: Course,
    spill: np.ndarray,
    *,
    car_pct: float,
    stained: bool,
    day: int,
) -> Tube:
    t_cells = T_CELLS // (1 if stained else 2) * (4 if day > 20 else 1)
    counts = {"CD4 T": t_cells // 2, "CD8 T": t_cells // 2}
    counts |= {name: int(share * t_cells) for name, share in course.others.items()}
    kinds = np.repeat(list(counts), list(counts.values()))
    medians = np.array([CELLS[kind] for kind in kinds])
    spread = np.full(medians.shape, 0.3)
    spread[:, 0], spread[:, 1] = 0.13, 0.25
    spread[kinds == "debris", :2] = 0.6
    cells = medians * np.exp(spread * rng.normal(size=medians.shape))
    is_t = np.char.endswith(kinds, " T")
    positive = rng.permutation(np.flatnonzero(is_t))[: round(car_pct / 100.0 * is_t.sum())]
    if stained:
        centre, width = BRIGHTNESS[course.reagent]
        cells[positive, 2 + CAR] = centre * np.exp(rng.normal(0.0, width, len(positive)))
    cells[positive, 0] *= 1.12
    activated = 1.6 if course.unsteady == "own light" and day in (7, 12) else 1.0
    own = activated * 60.0 * np.exp(rng.normal(0.0, 0.35, len(cells))) * np.sqrt(cells[:, 1] / 2e4)
    cells[:, 2:] += own[:, np.newaxis] * OWN_LIGHT
    height = cells[:, 0] * rng.normal(0.8, 0.02, len(cells))
    first, second = rng.integers(0, len(cells), (2, len(cells) // 20))
    widened = np.maximum(height[first], height[second]) * rng.uniform(1.0, 1.25, len(first))
    height = np.concatenate((height, widened))
    cells = np.concatenate((cells, cells[first] + cells[second]))
    of_the_day = np.random.default_rng([course.seed, 78, day + 1]).uniform(0.9, 1.1)
    gain = of_the_day if course.unsteady == "gain" else 1.0
    photons = rng.poisson(cells[:, 2:] @ spill * gain / 4.0)
    light = 4.0 * photons + rng.normal(0.0, 60.0, photons.shape)
    events = np.column_stack((cells[:, 0], height, cells[:, 1], light)).clip(-111.0, 262_143.0)
    order = rng.permutation(len(events))
    ticks = np.floor(np.cumsum(rng.exponential(1 / 300, len(events))) / 0.01)
    return Tube(
        events=np.column_stack((ticks, events[order])).astype(np.float32),
        t_cells=np.concatenate((is_t, np.zeros(len(first), dtype=np.bool_)))[order],
        car_pct_cd3=100.0 * len(positive) / int(is_t.sum()),
    )


def write(folder: Path, course: Course) -> dict[str, Tube]:
    """Write the tubes and the sheet of a course, and return what is in the tubes."""
    rng = np.random.default_rng([course.seed, 77])
    size = len(MARKERS)
    leaks = rng.uniform(0.01, 0.12, (size, size)) * (rng.random((size, size)) < 0.5)
    spill = np.eye(size) + leaks * (1 - np.eye(size))
    keyword = ",".join([str(size), *MARKERS, *(repr(float(one)) for one in spill.ravel())])
    peak = int(rng.integers(1, len(DAYS)))
    near = sorted(range(len(DAYS)), key=lambda place: abs(place - peak))
    planned = {DAYS[place]: pct for place, pct in zip(near, PERCENTAGES, strict=True)}
    wanted = [("pre", -1, 0.0, "pre-infusion")]
    for day, pct in (*sorted(planned.items()), (28, 0.10), (90, 0.0)):
        wanted += [(f"d{day}", day, pct, "patient"), (f"d{day}-FMO", day, pct, "FMO")]
    tubes = {}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "samples.csv").open("w", newline="", encoding="utf-8") as stream:
        sheet = csv.writer(stream)
        sheet.writerow(("file", "sample_id", "subject_id", "day", "sample_type"))
        for name, day, pct, kind in wanted:
            made = tube(rng, course, spill, car_pct=pct, stained=kind != "FMO", day=day)
            write_fcs(
                folder / f"{name}.fcs",
                made.events,
                channels=CHANNELS,
                markers=[MARKERS.get(channel, "") for channel in CHANNELS],
                keywords={"$TIMESTEP": "0.01", "$SPILLOVER": keyword},
                ranges=[262_144.0] * len(CHANNELS),
            )
            sheet.writerow((f"{name}.fcs", name, "S", day, kind))
            tubes[name] = made
    return tubes


def template(course: Course) -> Strategy:
    """Return the shipped template as a laboratory would edit it for its own markers."""
    text = shipped_templates()["car_t_blood_auto"].read_text(encoding="utf-8")
    for ours, theirs in (("viability", '"L/D"'), ("dump", '"CD14/CD19"')):
        text = text.replace(f"{ours} = ", f"{theirs} = ").replace(f'"{ours}"', theirs)
    text = text.replace('panel = "car_t_blood"\n', "")
    if course.reagent == "dim":
        assert "percentile = 99.9" in text
        text = text.replace("percentile = 99.9", "dim = true")
    return parse_template(text)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured beside what is true."""

    t_cell_f1: float
    net_error: float
    negative_net: float
    negative_low: float
    late_net: float
    true_peak: float
    peak: float

    def row(self, course: Course) -> str:
        material = "blood" if course.others is BLOOD else "PBMC"
        return (
            f"{course.seed} {material:6} {course.reagent:7} {course.unsteady:10} "
            f"F1 {self.t_cell_f1:.4f}  net {self.net_error:5.2f}  0.10 %: {self.late_net:+.3f}  "
            f"0 %: {self.negative_net:+.3f}  peak {self.true_peak:g} → {self.peak:g}"
        )


def measured(course: Course, folder: Path) -> Found:
    truth = write(folder, course)
    study = cf.read_study(folder / "samples.csv")
    gates = cf.fit_gates(study, template(course))
    result = cf.run(study, gates)
    f1 = []
    for one in study.tubes:
        acquisition = cf.read_fcs(one.path)
        gated = cf.gate(acquisition, own_gates(one, acquisition, gates))
        t_cells = truth[one.sample_id].t_cells & gated.mask("time")
        found = gated.mask("CD3+")
        f1.append(float(2 * (found & t_cells).sum() / (found.sum() + t_cells.sum())))

    def measure(sample_id: str) -> Measure:
        quantity = result.tube(sample_id).quantity("car_net_pct_cd3")
        assert quantity is not None
        return quantity.measure

    def net(sample_id: str) -> float:
        value = measure(sample_id).value
        assert value is not None
        return value

    true = {day: truth[f"d{day}"].car_pct_cd3 for day in DAYS}
    curve = result.subject("S").kinetics_of("car_pct_cd3")
    assert curve is not None
    assert curve.peak.day.value is not None
    low = measure("d90").low
    assert low is not None
    return Found(
        t_cell_f1=min(f1),
        net_error=mean(abs(net(f"d{day}") - pct) for day, pct in true.items()),
        negative_net=net("d90"),
        negative_low=low,
        late_net=net("d28"),
        true_peak=max(true, key=true.__getitem__),
        peak=curve.peak.day.value,
    )


def test_gates_find_themselves_on_a_panel_they_were_not_built_on(tmp_path: Path) -> None:
    course = Course(others=PBMC, reagent="mid", unsteady="gain", seed=11)
    found = measured(course, tmp_path)

    assert found.t_cell_f1 >= 0.99
    assert found.net_error <= 0.4
    assert found.negative_net <= 0.05
    assert found.peak == found.true_peak


@pytest.mark.slow
def test_eighteen_courses_of_a_foreign_panel(tmp_path: Path) -> None:
    kinds = product((BLOOD, PBMC), BRIGHTNESS, ("steady", "gain", "own light"))
    excludes_none = []
    for seed, (others, reagent, unsteady) in enumerate(kinds, start=300):
        course = Course(others=others, reagent=reagent, unsteady=unsteady, seed=seed)
        found = measured(course, tmp_path / str(seed))

        print(found.row(course))  # noqa: T201  # the table is the point
        assert found.t_cell_f1 >= 0.99
        assert found.net_error <= (1.0 if reagent == "dim" else 0.4)
        assert found.peak == found.true_peak
        # 0.5 % lie above a dim reagent's cut: of 32,000 T cells beside 16,000 of the control that
        # is known to 0.07 points, so that only the interval can be asked
        assert found.negative_net <= 0.05 or reagent == "dim"
        excludes_none.append(found.negative_low > 0.0)
    assert sum(excludes_none) <= 2  # of 18 intervals of 95 %, of which one side is asked
