"""The report page: one HTML file without network, script or outside reference.

`report_html` only prints what the result says. Every text is escaped by the template engine,
an undefined name is an error, and pictures are data URIs. The page carries sample ids, codes
and numbers; file names and dates are not in the result's public part and cannot get here.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from carflow.findings import Severity
from carflow.kinetics.population_wording import patient_sentences, population_sentences
from carflow.kinetics.wording import reference_sentences
from carflow.report import wording
from carflow.report.cohort_table import cohort_table
from carflow.report.comparison_table import comparison_table
from carflow.report.style import svg_text
from carflow.report.subject_tables import (
    Table,
    TableCell,
    TableRow,
    kinetics_table,
    time_point_tables,
    treatment_table,
)
from carflow.report.time_traces import MOST_TUBES, flagged_tubes
from carflow.report.timecourse import ABSOLUTE_QUANTITIES, COPIES, PERCENTAGE
from carflow.report.workbook import about_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jinja2 import Template

    from carflow.findings import Finding
    from carflow.kinetics.cohort_summary import CohortSummary
    from carflow.kinetics.methods import MethodsCompared
    from carflow.kinetics.population_fit import PopulationPeaks
    from carflow.report.beside import Picture
    from carflow.result.run import Result
    from carflow.result.subject import SubjectResult

ALL_SUBJECTS = ""  # no subject's id is empty
THROUGH_TIME = " "  # nor blank
_FEW_SAMPLES = 5
CONTROLS = "  "
_VERDICT_WORDS = {
    Severity.PASS: "every check passed or was informative",
    Severity.WARN: "usable, with warnings: read the findings before using a number",
    Severity.FAIL: "at least one check failed: read it before using a number it concerns",
    Severity.INFO: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one curve says about its peak, in sentences."""

    heading: str
    sentences: tuple[str, ...]
    modelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """A picture beside the model figure, as the page needs it."""

    title: str
    words: str
    uri: str

    @classmethod
    def of(cls, picture: Picture) -> PagePicture:
        """Return a drawn picture as a data URI."""
        uri = _svg_uri(svg_text(picture.figure))
        return cls(title=picture.title, words=picture.words, uri=uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectSection:
    """Everything the page says about one subject."""

    anchor: str
    subject_id: str
    statements: tuple[Statement, ...]
    more_statements: tuple[Statement, ...]
    shared_sentences: tuple[str, ...]
    figure_uri: str
    figure_words: str
    pictures: tuple[PagePicture, ...]
    tables: tuple[Table, ...]
    kinetics: Table | None
    comparisons: Table | None
    comparison_sentences: tuple[str, ...]
    treatments: Table | None


def report_html(
    result: Result,
    figures: Mapping[str, str],
    beside: Mapping[str, Sequence[Picture]] | None = None,
) -> str:
    """Return the report page.

    Parameters
    ----------
    result : Result
        What a run found.
    figures : mapping of str to str
        SVG text of the model figure by subject id; a subject without one says so. Under
        `ALL_SUBJECTS` the figure of all subjects, under `THROUGH_TIME` that of the tubes whose
        signals were disturbed, where there are such.
    beside : mapping of str to sequence of Picture, optional
        Further pictures under the same keys, and control charts under `CONTROLS`.

    Returns
    -------
    str
        A complete HTML document that needs nothing outside itself.
    """
    findings = sorted(result.all_findings, key=lambda finding: finding.severity.rank)
    failed = [tube for tube in result.tube_results if tube.failure is not None]
    cohorts = _drawn_cohorts(result)
    return _template().render(
        verdict=str(result.verdict),
        verdict_words=_VERDICT_WORDS[result.verdict],
        exit_code=int(result.exit_code),
        n_tubes=len(result.tube_results),
        n_failed=len(failed),
        tally=_tally(findings),
        overview_uri=_svg_uri(figures[ALL_SUBJECTS]) if ALL_SUBJECTS in figures else "",
        time_uri=_svg_uri(figures[THROUGH_TIME]) if THROUGH_TIME in figures else "",
        time_words=_time_words(result),
        pooled=comparison_table(result.pooled_comparisons),
        pooled_sentences=_comparison_sentences(result.pooled_comparisons),
        cohort=_cohort_statements(cohorts, result.population_peaks),
        cohort_table=cohort_table(cohorts),
        control_pictures=[PagePicture.of(one) for one in (beside or {}).get(CONTROLS, ())],
        cohort_pictures=[PagePicture.of(one) for one in (beside or {}).get(ALL_SUBJECTS, ())],
        subjects=[
            _section(result, subject, place, figures, (beside or {}).get(subject.subject_id, ()))
            for place, subject in enumerate(result.subject_results, start=1)
        ],
        findings=_findings_table([one for one in findings if one.severity is not Severity.PASS]),
        passes=_findings_table([one for one in findings if one.severity is Severity.PASS]),
        n_passed=sum(one.severity is Severity.PASS for one in findings),
        failures=_failures_table(result),
        gates=_gates_table(result),
        provenance=_provenance_table(result),
        carflow_version=result.provenance.versions.get("carflow", "of unknown version"),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _tally(findings: Iterable[Finding]) -> str:
    """Return how many findings there are of each kind, the gravest first."""
    severities = [finding.severity for finding in findings]
    words = {
        Severity.FAIL: "fail",
        Severity.WARN: "warn",
        Severity.INFO: "info",
        Severity.PASS: "pass",
    }
    return ", ".join(f"{severities.count(kind)} {word}" for kind, word in words.items())


def _section(
    result: Result,
    subject: SubjectResult,
    place: int,
    figures: Mapping[str, str],
    beside: Sequence[Picture],
) -> SubjectSection:
    tubes = [tube for tube in result.tube_results if tube.subject_id == subject.subject_id]
    shared = reference_sentences(result.references)
    main, more = _statements(subject, shared, result.population_peaks)
    svg = figures.get(subject.subject_id, "")
    return SubjectSection(
        anchor=f"subject-{place}",
        subject_id=subject.subject_id,
        statements=main,
        more_statements=more,
        shared_sentences=shared,
        figure_uri=_svg_uri(svg) if svg else "",
        figure_words=_figure_words(subject, len(tubes)),
        pictures=tuple(PagePicture.of(one) for one in beside),
        tables=time_point_tables(tubes),
        kinetics=kinetics_table(subject),
        comparisons=comparison_table(subject.comparisons),
        comparison_sentences=_comparison_sentences(subject.comparisons),
        treatments=treatment_table(subject),
    )


def _statements(
    subject: SubjectResult,
    about_others: Sequence[str],
    population_peaks: Sequence[PopulationPeaks] = (),
) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
    """Return the statements of the drawn curves and those of the others.

    Sentences about other patients are printed once for the subject, not for every curve.
    """
    told = [one for one in subject.kinetics if one.sentences]
    cuts = {one.quantity: one.sentences for one in subject.cuts}
    population = {
        found.quantity: patient_sentences(own)
        for found in population_peaks
        if (own := found.of(subject.subject_id)) is not None and not found.reason
    }
    statements = {
        one.quantity: Statement(
            heading=wording.label_of(one.quantity),
            sentences=tuple(
                found
                for found in (*one.sentences, *cuts.get(one.quantity, ()))
                if found not in about_others
            ),
            modelled=(*one.modelled, *population.get(one.quantity, ())),
        )
        for one in told
    }
    absolute = next((name for name in statements if name in ABSOLUTE_QUANTITIES), "")
    drawn = [name for name in (PERCENTAGE, absolute, COPIES) if name in statements]
    drawn = drawn or list(statements)[:1]
    others = [name for name in statements if name not in drawn]
    return tuple(statements[name] for name in drawn), tuple(statements[name] for name in others)


def _comparison_sentences(compared: Iterable[MethodsCompared]) -> tuple[str, ...]:
    """Return the sentences of each comparison as one paragraph, named by what is compared."""
    return tuple(
        f"{wording.label_of(one.first)} and {wording.label_of(one.second)}: "
        f"{' '.join(one.sentences)}"
        for one in compared
        if one.sentences
    )


def _drawn_cohorts(result: Result) -> tuple[CohortSummary, ...]:
    """Return the cohorts of the drawn quantities, groups behind the whole."""
    quantities = dict.fromkeys(one.quantity for one in result.cohorts)
    absolute = next((name for name in quantities if name in ABSOLUTE_QUANTITIES), "")
    drawn = {PERCENTAGE, absolute, COPIES}
    return tuple(one for one in result.cohorts if one.quantity in drawn)


def _cohort_statements(
    cohorts: Sequence[CohortSummary], population_peaks: Sequence[PopulationPeaks]
) -> tuple[Statement, ...]:
    """Return what the first cohort says, and what was fitted to whom; the table has the others."""
    modelled = {one.quantity: population_sentences(one) for one in population_peaks}
    whole = [one for one in cohorts if not one.column]
    return tuple(
        Statement(
            heading=f"{wording.label_of(one.quantity)}, all subjects",
            sentences=one.sentences if one is whole[0] else (),
            modelled=modelled.get(one.quantity, ()),
        )
        for one in whole
        if one is whole[0] or one.quantity in modelled
    )


def _figure_words(subject: SubjectResult, n_tubes: int) -> str:
    """Return the picture in words, for readers who cannot see it."""
    curves = ", ".join(wording.label_of(one.quantity) for one in subject.curves) or "no curve"
    return (
        f"Gate pictures of {n_tubes} tubes and the time course of subject {subject.subject_id} "
        f"(curves: {curves}). The numbers are in the tables below."
    )


def _time_words(result: Result) -> str:
    """Return what the picture of the courses through time shows, in words."""
    names = [tube.sample_id for tube in flagged_tubes(result)]
    more = len(names) - MOST_TUBES
    told = ", ".join(names[:MOST_TUBES]) + (f", and {more} more not drawn" if more > 0 else "")
    return f"Signals and flow rate through time of the flagged tubes: {told}."


def _svg_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


def _findings_table(findings: Sequence[Finding]) -> Table | None:
    """Return one row for what was found, in the same words, in one or several tubes."""
    if not findings:
        return None
    alike: dict[Finding, list[str]] = {}
    for one in findings:
        alike.setdefault(replace(one, sample_id=""), []).append(one.sample_id or "whole batch")
    return Table(
        caption="Checks of tubes and batch, the gravest first.",
        columns=("Severity", "Code", "Sample", "What was found", "Value", "Limit"),
        rows=tuple(
            _text_row(
                str(one.severity).upper(),
                one.code,
                _samples(names, every=one.severity in {Severity.FAIL, Severity.WARN}),
                one.message,
                wording.MISSING if one.value is None else f"{one.value:g}".replace("-", "−"),
                one.limit or wording.MISSING,
            )
            for one, names in alike.items()
        ),
    )


def _samples(names: Sequence[str], *, every: bool) -> str:
    """Return the names, of remarks that ask for nothing only the first; findings.csv has all."""
    shown = names if every or len(names) <= _FEW_SAMPLES + 1 else names[:_FEW_SAMPLES]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _failures_table(result: Result) -> Table | None:
    failed = [(tube, tube.failure) for tube in result.tube_results if tube.failure is not None]
    if not failed:
        return None
    return Table(
        caption="Tubes without a result.",
        columns=("Sample", "Subject", "Day", "Code", "Problem and way out"),
        rows=tuple(
            _text_row(
                tube.sample_id,
                tube.subject_id,
                wording.day_number(tube.day),
                failure.code,
                failure.sentence,
            )
            for tube, failure in failed
        ),
    )


def _gates_table(result: Result) -> Table | None:
    if not result.provenance.gates:
        return None
    return Table(
        caption="Gates as applied; the files themselves are in the folder gates (Gating-ML 2.0).",
        columns=("Gates", "Panel", "Tube", "SHA-256"),
        rows=tuple(
            _text_row(one.name, one.panel_id or "any", one.sample_id or "all", one.sha256)
            for one in result.provenance.gates
        ),
    )


def _provenance_table(result: Result) -> Table:
    return Table(
        caption="What is needed to repeat the run.",
        columns=("Topic", "Name", "Value"),
        rows=tuple(
            _text_row(*(wording.MISSING if cell is None else str(cell) for cell in row.values()))
            for row in about_rows(result)
        ),
    )


def _text_row(*texts: str) -> TableRow:
    return TableRow(cells=tuple(TableCell(text=text) for text in texts))
