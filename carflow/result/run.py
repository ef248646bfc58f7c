"""The one value that holds everything a run found.

`Result` is complete before anything is drawn or written: tables, figures and the page only
print it. Its data frames are made on request, so that importing carflow does not load pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carflow.errors import ExitCode
from carflow.findings import Finding, Severity, verdict
from carflow.gating.lock import Lock
from carflow.kinetics.cohort_summary import CohortSummary
from carflow.kinetics.methods import MethodsCompared
from carflow.kinetics.population_fit import PopulationPeaks
from carflow.qc.baselines import Chart
from carflow.result import rows
from carflow.result.sample import SampleResult
from carflow.result.subject import SubjectResult
from carflow.study.model import ReferenceTmax

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class GatesUsed:
    """One gate file of a run, as applied: its Gating-ML text can be written out again.

    Gates that were found in the events are those of one tube, `sample_id`.
    """

    name: str
    panel_id: str
    sha256: str
    gatingml: str
    sample_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What is needed to repeat a run: versions, hashes of the inputs, options, thresholds.

    `locks` are the templates as frozen, with every gate that was found in the events.
    """

    versions: Mapping[str, str]
    sheet_sha256: str
    gates: tuple[GatesUsed, ...]
    options: Mapping[str, str | int | float | None]
    thresholds: Mapping[str, str | int | float | None]
    locks: tuple[Lock, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """Which file a sample came from: private, never part of what is passed on."""

    sample_id: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything a run found, tube by tube, subject by subject, and over all subjects.

    `samples`, `quantities`, `populations`, `subjects`, `cohort`, `comparisons`, `findings` and
    `failures` are tidy pandas data frames of it, with the columns of the files of the same name.
    `charts` are the control charts of process controls, without dates.
    """

    tube_results: tuple[SampleResult, ...]
    subject_results: tuple[SubjectResult, ...]
    all_findings: tuple[Finding, ...]
    provenance: Provenance
    references: tuple[ReferenceTmax, ...] = ()
    pooled_comparisons: tuple[MethodsCompared, ...] = ()
    cohorts: tuple[CohortSummary, ...] = ()
    population_peaks: tuple[PopulationPeaks, ...] = ()
    charts: tuple[Chart, ...] = ()
    manifest: tuple[ManifestRow, ...] = field(default=(), repr=False)

    @property
    def verdict(self) -> Severity:
        """PASS, WARN or FAIL over all findings."""
        return verdict(self.all_findings)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code the run deserves, before anything is written."""
        codes = [ExitCode.OK]
        if self.verdict is Severity.FAIL:
            codes.append(ExitCode.QC_FAIL)
        if any(tube.failure for tube in self.tube_results):
            codes.append(ExitCode.SOME_TUBES_FAILED)
        if all(tube.failure for tube in self.tube_results):
            codes.append(ExitCode.UNUSABLE_INPUT)
        return ExitCode.worst(codes)

    def tube(self, sample_id: str) -> SampleResult:
        """Return the result of one tube.

        Raises
        ------
        KeyError
            If the run had no such sample.
        """
        for found in self.tube_results:
            if found.sample_id == sample_id:
                return found
        raise KeyError(sample_id)

    def subject(self, subject_id: str) -> SubjectResult:
        """Return the result of one subject.

        Raises
        ------
        KeyError
            If the run had no such subject.
        """
        for found in self.subject_results:
            if found.subject_id == subject_id:
                return found
        raise KeyError(subject_id)

    @property
    def samples(self) -> pd.DataFrame:
        """One row for every tube, one column for every quantity that has any value."""
        columns = rows.sample_columns(self.tube_results)
        return frame(rows.sample_rows(self.tube_results), columns)

    @property
    def quantities(self) -> pd.DataFrame:
        """One row for every quantity of every tube."""
        return frame(rows.quantity_rows(self.tube_results), rows.QUANTITY_COLUMNS)

    @property
    def populations(self) -> pd.DataFrame:
        """One row for every population of every tube."""
        return frame(rows.population_rows(self.tube_results), rows.POPULATION_COLUMNS)

    @property
    def subjects(self) -> pd.DataFrame:
        """One row for every kinetic parameter of every curve."""
        return frame(rows.subject_rows(self.subject_results), rows.SUBJECT_COLUMNS)

    @property
    def comparisons(self) -> pd.DataFrame:
        """One row for every number of every comparison; those of all subjects have no id."""
        table = rows.comparison_rows(self.subject_results, self.pooled_comparisons)
        return frame(table, rows.COMPARISON_COLUMNS)

    @property
    def cohort(self) -> pd.DataFrame:
        """One row for every quantity of two or more subjects, and for each of their groups."""
        return frame(rows.cohort_rows(self.cohorts), rows.COHORT_COLUMNS)

    @property
    def findings(self) -> pd.DataFrame:
        """One row for every finding, the gravest first."""
        return frame(rows.finding_rows(self.all_findings), rows.FINDING_COLUMNS)

    @property
    def intervals(self) -> pd.DataFrame:
        """One row for every stretch of a tube with disturbed signals, removed or not."""
        return frame(rows.interval_rows(self.tube_results), rows.INTERVAL_COLUMNS)

    @property
    def failures(self) -> pd.DataFrame:
        """One row for every tube without a result."""
        return frame(rows.failure_rows(self.tube_results), rows.FAILURE_COLUMNS)


_WHOLE_NUMBERS = frozenset(
    {
        "n_patients",
        "n_peaks",
        "n_not_reached",
        "n_without",
        "cmax_n",
        "auc_0_28_n",
        "count",
        "events",
        "n_events",
        "n_removed",
        "n_nonfinite",
        "n_numerator",
        "n_denominator",
    }
)
_TEXT = frozenset(
    {"subject_id", "sample_id", "sample_type", "visit_label", "gates", "status", "quantity",
     "method", "unit", "ci_kind", "state", "reason", "population", "parent", "parameter",
     "first", "second", "group_column", "group", "cmax_unit", "auc_0_28_unit", "severity",
     "code", "message", "limit", "problem", "removed", "channels"}
)  # fmt: skip


def frame(table: Iterable[rows.Row], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return rows as a typed frame: text, nullable whole numbers, float64."""
    import pandas as pd

    frame = pd.DataFrame(list(table), columns=list(columns))
    kinds = {
        name: "string" if name in _TEXT else "Int64" if name in _WHOLE_NUMBERS else "float64"
        for name in columns
    }
    return frame.astype(kinds)
