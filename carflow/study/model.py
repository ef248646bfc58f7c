"""Subjects, visits and tubes as frozen values; no file is opened here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from carflow.findings import Finding


class SampleType(StrEnum):
    """What a tube is there for."""

    PATIENT = "patient"
    PRE_INFUSION = "pre-infusion"
    FMO = "FMO"
    UNTRANSDUCED = "untransduced"
    BEAD_QC = "bead-QC"
    HEALTHY = "healthy"

    @property
    def may_be_process_control(self) -> bool:
        """Whether the tube may be run again and again to watch the cytometer: no patient's is."""
        return self in {SampleType.BEAD_QC, SampleType.HEALTHY}

    @property
    def on_curve(self) -> bool:
        """Whether the tube is a point of its subject's expansion curve."""
        return self in {SampleType.PATIENT, SampleType.PRE_INFUSION}


class Preparation(StrEnum):
    """What of the blood came into a tube, or into a DNA extract."""

    UNSTATED = ""
    BLOOD = "whole blood"
    PBMC = "PBMC"


@dataclass(frozen=True, slots=True)
class LabValue:
    """A number a laboratory reported, perhaps only as "below this" (``<0.1``).

    Below 0 means below a limit that is not stated (``ND``).

    Examples
    --------
    >>> print(LabValue(0.1, below=True))
    <0.1
    """

    value: float
    below: bool = False

    def __str__(self) -> str:
        return f"{'<' if self.below else ''}{self.value:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tube:
    """One row of the sample sheet: one data set of one FCS file, and what belongs to it.

    `day` is the time since the infusion in days (infusion = day 0). Numbers carry their unit
    in their name; what the sheet does not give is None, never 0. `cbc_hours_apart` are the hours
    between the draw of the tube and that of the blood count, `hours_to_acquisition` those from
    the draw to the cytometer; the times themselves are not kept. `vcn_product` are the vector
    copies of an average cell of the product, of which `car_pct_product` were CAR+. `car_reagent`
    (with its lot) and `batch_id` tell batches apart that must not share a cut.
    """

    sample_id: str
    subject_id: str
    day: float
    sample_type: SampleType
    path: Path
    row: int
    dataset: int = 0
    panel_id: str = ""
    visit_label: str = ""
    wbc_1e9_l: LabValue | None = None
    alc_1e9_l: LabValue | None = None
    cd3_per_ul: LabValue | None = None
    beads_per_tube: float | None = None
    beads_added_ul: float | None = None
    bead_conc_per_ul: float | None = None
    blood_ul: float | None = None
    total_ul: float | None = None
    dilution: float | None = None
    volume_unit_override: str = ""
    copies_per_ug: LabValue | None = None
    exclude_reason: str = ""
    control_lot: str = ""
    amc_1e9_l: LabValue | None = None
    preparation: Preparation = Preparation.UNSTATED
    lloq_cells_per_ul: float | None = None
    nrbc_per_100_wbc: float | None = None
    gdna_source: Preparation = Preparation.UNSTATED
    vcn_product: float | None = None
    car_pct_product: float | None = None
    dose_cells: float | None = None
    weight_kg: float | None = None
    cbc_hours_apart: float | None = None
    hours_to_acquisition: float | None = None
    car_reagent: str = ""
    batch_id: str = ""

    @property
    def mononuclear_1e9_l(self) -> LabValue | None:
        """Lymphocytes plus monocytes of the blood [10⁹/L], where both are known.

        Of a count that is only known as "below", the sum is an upper limit, too.
        """
        if self.alc_1e9_l is None or self.amc_1e9_l is None:
            return None
        return LabValue(
            self.alc_1e9_l.value + self.amc_1e9_l.value,
            below=self.alc_1e9_l.below or self.amc_1e9_l.below,
        )

    @property
    def beads_in_tube(self) -> float | None:
        """Beads in the tube: the lot value, or bead concentration times added volume."""
        if self.beads_per_tube is not None:
            return self.beads_per_tube
        if self.beads_added_ul is None or self.bead_conc_per_ul is None:
            return None
        return self.beads_added_ul * self.bead_conc_per_ul


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """A drug given to a subject from `start_day` to `stop_day`, both days included."""

    subject_id: str
    drug: str
    start_day: float
    stop_day: float
    dose: str = ""
    dose_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceTmax:
    """A published time to peak: a fact about other patients."""

    median_day: float
    low_day: float | None
    high_day: float | None
    assay: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A sample sheet with the tables beside it, read and checked.

    `groups` holds the value of each subject in the column `group_column`, where one was named.
    """

    root: Path
    tubes: tuple[Tube, ...]
    treatments: tuple[Treatment, ...] = ()
    references: tuple[ReferenceTmax, ...] = ()
    findings: tuple[Finding, ...] = ()
    sha256: str = ""
    group_column: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject_ids(self) -> tuple[str, ...]:
        """Subjects in the order of the sheet; the beads of a cytometer are nobody's."""
        tubes = (tube for tube in self.tubes if tube.sample_type is not SampleType.BEAD_QC)
        return tuple(dict.fromkeys(tube.subject_id for tube in tubes))
