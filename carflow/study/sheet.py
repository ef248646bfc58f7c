"""The sample sheet: one row for each tube, read strictly, all bad cells reported together.

What a cell may say is decided in `carflow.study.cells`, what rows may say to each other in
`carflow.study.consistency`; here stands what the columns are and mean. No FCS file is opened.

Decisions
---------
*A missing file is not an error of the sheet.* It is the failure of its tube (exit code 4), so
that one lost file does not cost the others. The sheet only makes sure that no name leads out of
its folder.

*Unknown columns are findings, never errors.* Laboratories keep columns of their own; but a
misspelled ``wbc_1e9_l`` would silently cost all absolute counts, so a near miss is a warning.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import SheetError
from carflow.findings import Finding, Severity
from carflow.study.cells import (
    is_missing,
    parse_dataset,
    parse_exclude_reason,
    parse_id,
    parse_preparation,
    parse_sample_type,
    parse_text,
    parse_volume_unit,
)
from carflow.study.consistency import (
    NO_FILE,
    check_files,
    check_ids,
    double_visits,
    guessed_rows,
    impossible_lymphocytes,
    nucleated_red_cells,
    unlisted_files,
)
from carflow.study.draw_times import hours_between, unread_times
from carflow.study.folder import list_folder, locate
from carflow.study.groups import subject_groups
from carflow.study.model import Preparation, SampleType, Study, Tube
from carflow.study.references import FILE_NAME as REFERENCES
from carflow.study.references import read_references
from carflow.study.rows import Row, RowProblems, RowReader
from carflow.study.table import Table, missing_columns, scan_table, unknown_columns
from carflow.study.treatments import FILE_NAME as TREATMENTS
from carflow.study.treatments import read_treatments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carflow.study.cells import NumberGrammar
    from carflow.study.model import ReferenceTmax, Treatment

REQUIRED_COLUMNS = ("file", "sample_id", "subject_id", "day", "sample_type")
OPTIONAL_COLUMNS = (
    *("dataset", "panel_id", "visit_label", "exclude_reason", "guessed"),
    *("wbc_1e9_l", "alc_1e9_l", "amc_1e9_l", "cd3_per_ul", "nrbc", "preparation"),
    *("copies_per_ug", "gdna_source", "vcn_product", "car_pct_product"),
    *("lloq_cells_per_ul", "dose_cells", "weight_kg"),
    *("collection_datetime", "acquisition_datetime", "cbc_datetime"),
    *("beads_per_tube", "beads_added_ul", "bead_conc_per_ul", "bead_conc"),
    *("blood_ul", "total_ul", "dilution", "volume_unit_override", "control_lot"),
    *("car_reagent", "batch_id"),
)
# Kept by laboratories beside the tubes; no number of carflow depends on them yet.
DESCRIPTIVE_COLUMNS = (
    *("infusion_datetime", "nominal_day", "bead_type", "bead_lot", "pcr_state"),
    *("product", "operator", "instrument"),
    *("anticoagulant", "comment"),
)

_TEXT_COLUMNS = ("file", "sample_id", "subject_id")
_ID_HINT = "write an id without the name of a person"
_DAY_HINT = (
    "write the days since infusion, for example 7; for a control that belongs to no day write 0"
)
_TYPE_HINT = f"write one of: {', '.join(SampleType)}"


def read_study(path: str | Path, *, root: Path | None = None, group_by: str = "") -> Study:
    """Return the study of a sample sheet, with the tables beside it.

    Parameters
    ----------
    path : str or Path
        The sheet, ``.csv`` or ``.xlsx``, with at least the columns `REQUIRED_COLUMNS`. Read as
        well when they lie beside it: ``treatments.csv`` and ``reference_tmax.csv``.
    root : Path, optional
        The folder the column ``file`` starts from and must not leave; by default the folder
        of the sheet.
    group_by : str
        A column of the sheet, also one that nothing else reads, whose value is that of the
        subject: cohorts are told apart by it.

    Returns
    -------
    Study
        Tubes in the order of the sheet. What the sheet does not give is None, never 0.

    Raises
    ------
    SheetError
        If a table cannot be read at all, or the sheet has no rows.
    Problems
        If cells or rows are not as they must be: all of one table together.
    """
    path = Path(path)
    folder = (path.parent if root is None else root).resolve()
    problems = RowProblems(path.name)
    table = scan_table(path, problems, text_columns=_TEXT_COLUMNS)
    tubes = _tubes(table, folder, problems)
    groups = _groups(table, tubes, group_by, problems)
    problems.raise_if_any()
    if not tubes:
        raise SheetError("the sheet has no rows", hint="write one row for each tube").at(path.name)
    treatments, references, beside = _tables_beside(path.parent, tubes)
    return Study(
        root=folder,
        tubes=tubes,
        treatments=treatments,
        references=references,
        findings=(*_findings(table, tubes, folder, group_by), *beside),
        sha256=table.sha256,
        group_column=group_by,
        groups=groups,
    )


def _tubes(table: Table, folder: Path, problems: RowProblems) -> tuple[Tube, ...]:
    if {"bead_conc", "bead_conc_per_ul"} <= set(table.columns):
        error = SheetError(
            'the columns "bead_conc" and "bead_conc_per_ul" mean the same', hint="remove one"
        )
        problems.add(0, error)
    if missing_columns(table, REQUIRED_COLUMNS, problems):
        return ()
    tubes = tuple(_tube(row, table, folder, problems) for row in table.rows)
    check_ids(tubes, problems)
    check_files(tubes, problems)
    return tubes


def _groups(
    table: Table, tubes: tuple[Tube, ...], group_by: str, problems: RowProblems
) -> Mapping[str, str]:
    if not group_by:
        return {}
    subjects = [tube.subject_id for tube in tubes]
    # without the required columns there are rows, but no tubes
    rows = zip(table.rows[: len(subjects)], subjects, strict=True)
    return subject_groups(table, rows, group_by, problems)


def _tube(row: Row, table: Table, folder: Path, problems: RowProblems) -> Tube:
    cells = RowReader(row, problems)
    numbers = table.numbers
    optional = cells.optional
    bead_conc = "bead_conc" if "bead_conc" in table.columns else "bead_conc_per_ul"
    tube = Tube(
        sample_id=cells.required("sample_id", parse_id, instead="", hint=_ID_HINT),
        subject_id=cells.required("subject_id", parse_id, instead="", hint=_ID_HINT),
        day=cells.required("day", numbers.day, instead=math.nan, hint=_DAY_HINT),
        sample_type=cells.required(
            "sample_type", parse_sample_type, instead=SampleType.PATIENT, hint=_TYPE_HINT
        ),
        path=cells.required(
            "file", partial(locate, root=folder), instead=NO_FILE, hint="name the FCS file"
        ),
        row=row.number,
        dataset=optional("dataset", parse_dataset, instead=0),
        panel_id=optional("panel_id", parse_text, instead=""),
        visit_label=optional("visit_label", parse_text, instead=""),
        wbc_1e9_l=optional("wbc_1e9_l", numbers.blood_count, instead=None),
        alc_1e9_l=optional("alc_1e9_l", numbers.blood_count, instead=None),
        cd3_per_ul=optional("cd3_per_ul", numbers.lab_value, instead=None),
        beads_per_tube=optional("beads_per_tube", numbers.positive, instead=None),
        beads_added_ul=optional("beads_added_ul", numbers.positive, instead=None),
        bead_conc_per_ul=optional(bead_conc, numbers.positive, instead=None),
        blood_ul=optional("blood_ul", numbers.positive, instead=None),
        total_ul=optional("total_ul", numbers.positive, instead=None),
        dilution=optional("dilution", numbers.dilution, instead=None),
        volume_unit_override=optional("volume_unit_override", parse_volume_unit, instead=""),
        copies_per_ug=optional("copies_per_ug", numbers.copies, instead=None),
        exclude_reason=optional("exclude_reason", parse_exclude_reason, instead=""),
        control_lot=optional("control_lot", parse_text, instead=""),
        car_reagent=optional("car_reagent", parse_text, instead=""),
        batch_id=optional("batch_id", parse_text, instead=""),
    )
    _check_tube(tube, cells)
    return _with_context(tube, row, cells, numbers)


def _with_context(tube: Tube, row: Row, cells: RowReader, numbers: NumberGrammar) -> Tube:
    """Return the tube with what the sheet says of preparation, product, patient and times."""
    optional = cells.optional
    return replace(
        tube,
        amc_1e9_l=optional("amc_1e9_l", numbers.blood_count, instead=None),
        preparation=optional("preparation", parse_preparation, instead=Preparation.UNSTATED),
        lloq_cells_per_ul=optional("lloq_cells_per_ul", numbers.positive, instead=None),
        nrbc_per_100_wbc=optional("nrbc", numbers.not_negative, instead=None),
        gdna_source=optional("gdna_source", parse_preparation, instead=Preparation.UNSTATED),
        vcn_product=optional("vcn_product", numbers.positive, instead=None),
        car_pct_product=optional("car_pct_product", numbers.percentage, instead=None),
        dose_cells=optional("dose_cells", numbers.positive, instead=None),
        weight_kg=optional("weight_kg", numbers.positive, instead=None),
        cbc_hours_apart=hours_between(row.cells, "collection_datetime", "cbc_datetime"),
        hours_to_acquisition=hours_between(
            row.cells, "collection_datetime", "acquisition_datetime"
        ),
    )


def _check_tube(tube: Tube, cells: RowReader) -> None:
    if tube.sample_type is SampleType.PRE_INFUSION and tube.day > 0:
        cells.refuse(
            f"a pre-infusion sample cannot be from day {tube.day:g}",
            hint="write the day as 0 or below, or another sample_type",
            column="day",
        )
    if tube.control_lot and not tube.sample_type.may_be_process_control:
        cells.refuse(
            f"a {tube.sample_type} sample is no process control",
            hint="leave the lot empty, or write the sample_type bead-QC or healthy",
            column="control_lot",
        )
    if tube.blood_ul and tube.total_ul and tube.blood_ul > tube.total_ul:
        cells.refuse(
            f"{tube.blood_ul:g} µL of blood do not fit into a total of {tube.total_ul:g} µL",
            hint="total_ul is the whole volume in the tube, blood included",
            column="blood_ul",
        )


def _tables_beside(
    folder: Path, tubes: tuple[Tube, ...]
) -> tuple[tuple[Treatment, ...], tuple[ReferenceTmax, ...], tuple[Finding, ...]]:
    # by name in any case, since Windows and macOS do not tell "Treatments.csv" apart either
    beside = {path.name.casefold(): path for path in list_folder(folder)}
    treatments: tuple[Treatment, ...] = ()
    references: tuple[ReferenceTmax, ...] = ()
    findings: tuple[Finding, ...] = ()
    if TREATMENTS in beside:
        subject_ids = {tube.subject_id for tube in tubes}
        treatments, findings = read_treatments(beside[TREATMENTS], subject_ids=subject_ids)
    if REFERENCES in beside:
        references, more = read_references(beside[REFERENCES])
        findings = (*findings, *more)
    return treatments, references, findings


def _findings(table: Table, tubes: tuple[Tube, ...], folder: Path, group_by: str) -> list[Finding]:
    known = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS, *DESCRIPTIVE_COLUMNS, group_by.casefold())
    guessed = [row.number for row in table.rows if not is_missing(row.cells.get("guessed", ""))]
    return [
        *unknown_columns(table, known, called="the sample sheet"),
        *_other_worksheets(table),
        *guessed_rows(guessed),
        *double_visits(tubes),
        *impossible_lymphocytes(tubes),
        *nucleated_red_cells(tubes),
        *unread_times(table.rows),
        *unlisted_files(tubes, folder),
    ]


def _other_worksheets(table: Table) -> list[Finding]:
    count = table.n_other_worksheets
    if not count:
        return []
    others = "1 other worksheet" if count == 1 else f"{count} other worksheets"
    return [
        Finding(
            code="SHEET-OTHER-WORKSHEETS",
            severity=Severity.WARN,
            message=f"only the first worksheet was read; the workbook holds {others}",
            value=count,
        )
    ]
