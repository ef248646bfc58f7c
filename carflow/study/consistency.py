"""What the rows of a sample sheet say to each other: twins, double visits, unlisted files.

A contradiction is noted as a problem and makes the sheet unusable; what only looks odd becomes
a finding. A row that could not be read takes part with what could be read of it: its
stand-ins (an empty id, an empty path) are passed over.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import SheetError
from carflow.findings import Finding, Severity
from carflow.study.cells import quoted
from carflow.study.folder import is_fcs, list_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.study.model import Tube
    from carflow.study.rows import RowProblems

NO_FILE = Path()

_MOST_ROWS_NAMED = 10
_ONLY_IN_CASE = "only in upper and lower case or in the coding of accents"


def check_ids(tubes: Sequence[Tube], problems: RowProblems) -> None:
    """Note sample ids given twice, and ids that differ only in case.

    Outputs are named after ids, and such names fall together on Windows and macOS; a subject
    spelled in two ways would become two curves.
    """
    samples: dict[str, Tube] = {}
    subjects: dict[str, Tube] = {}
    for tube in tubes:
        first = samples.setdefault(_folded(tube.sample_id), tube)
        if first is not tube and tube.sample_id:
            problems.add(tube.row, _sample_twin(tube, first), column="sample_id")
        other = subjects.setdefault(_folded(tube.subject_id), tube)
        if other.subject_id != tube.subject_id:
            error = SheetError(
                f"{quoted(tube.subject_id)} differs from {quoted(other.subject_id)} in row"
                f" {other.row} {_ONLY_IN_CASE}",
                hint="write the id of a subject in the same way in every row",
            )
            problems.add(tube.row, error, column="subject_id")


def check_files(tubes: Sequence[Tube], problems: RowProblems) -> None:
    """Note data sets named in two rows, and file names that differ only in case."""
    files: dict[str, Tube] = {}
    data_sets: dict[tuple[str, int], Tube] = {}
    for tube in tubes:
        if tube.path == NO_FILE:
            continue
        name = _folded(tube.path.resolve().as_posix())
        called = quoted(tube.path.name)
        first = files.setdefault(name, tube)
        if first.path.resolve() != tube.path.resolve():
            error = SheetError(
                f"{called} differs from the file of row {first.row} {_ONLY_IN_CASE}",
                hint="name every file exactly as it is on the disk, and no two files alike",
            )
            problems.add(tube.row, error, column="file")
            continue
        earlier = data_sets.setdefault((name, tube.dataset), tube)
        if earlier is not tube:
            error = SheetError(
                f"data set {tube.dataset} of {called} is already in row {earlier.row}",
                hint="give every tube one row",
            )
            problems.add(tube.row, error, column="file")


def double_visits(tubes: Iterable[Tube]) -> list[Finding]:
    """Return a warning for each subject and day with several tubes on the curve."""
    visits: dict[tuple[str, float], list[Tube]] = {}
    for tube in tubes:
        if tube.sample_type.on_curve and not tube.exclude_reason:
            visits.setdefault((tube.subject_id, tube.day), []).append(tube)
    return [
        Finding(
            code="SHEET-DUPLICATE-VISIT",
            severity=Severity.WARN,
            message=f"subject {quoted(subject)} has {len(found)} samples on day {day:g}:"
            f" {', '.join(tube.sample_id for tube in found)}",
            value=len(found),
        )
        for (subject, day), found in visits.items()
        if len(found) > 1
    ]


def impossible_lymphocytes(tubes: Iterable[Tube]) -> list[Finding]:
    """Return a warning for each tube with more lymphocytes than leukocytes in the blood."""
    return [
        Finding(
            code="SHEET-ALC-ABOVE-WBC",
            severity=Severity.WARN,
            message=f"alc_1e9_l is {tube.alc_1e9_l} and wbc_1e9_l only {tube.wbc_1e9_l}:"
            " is alc_1e9_l a percentage?",
            sample_id=tube.sample_id,
            value=tube.alc_1e9_l.value,
        )
        for tube in tubes
        if tube.alc_1e9_l and tube.wbc_1e9_l and not tube.alc_1e9_l.below
        if tube.alc_1e9_l.value > tube.wbc_1e9_l.value
    ]


def nucleated_red_cells(tubes: Iterable[Tube]) -> list[Finding]:
    """Return a warning for each tube whose leukocyte count may include nucleated red cells.

    Decision: the count is not corrected here, since many analysers have done so already.
    """
    return [
        Finding(
            code="SHEET-NRBC",
            severity=Severity.WARN,
            message=f"nrbc is {tube.nrbc_per_100_wbc:g} per 100 leukocytes: make sure that"
            " wbc_1e9_l is corrected for nucleated red cells",
            sample_id=tube.sample_id,
            value=tube.nrbc_per_100_wbc,
        )
        for tube in tubes
        if tube.nrbc_per_100_wbc and tube.wbc_1e9_l
    ]


def unlisted_files(tubes: Sequence[Tube], root: Path) -> list[Finding]:
    """Return one finding if FCS files lie beside the named ones without being named.

    Only the folder of the sheet and the folders it names files in are looked at: what lies
    deeper may be another study.
    """
    named = {tube.path.resolve() for tube in tubes}
    folders = {root, *(tube.path.parent for tube in tubes)}
    n_unlisted = sum(
        path.resolve() not in named
        for folder in folders
        for path in list_folder(folder)
        if is_fcs(path)
    )
    if not n_unlisted:
        return []
    files = "1 FCS file lies" if n_unlisted == 1 else f"{n_unlisted} FCS files lie"
    return [
        Finding(
            code="SHEET-FILES-UNLISTED",
            severity=Severity.INFO,
            message=f"{files} in the folder without a row in the sample sheet",
            value=n_unlisted,
        )
    ]


def guessed_rows(rows: Sequence[int]) -> list[Finding]:
    """Return one warning that names the rows whose guesses nobody has confirmed."""
    if not rows:
        return []
    named = ", ".join(map(str, rows[:_MOST_ROWS_NAMED]))
    more = f" and {len(rows) - _MOST_ROWS_NAMED} more" if len(rows) > _MOST_ROWS_NAMED else ""
    return [
        Finding(
            code="SHEET-GUESSED",
            severity=Severity.WARN,
            message='the column "guessed" still marks guesses from file names in'
            f" {'row' if len(rows) == 1 else 'rows'} {named}{more}:"
            " check them and empty the column",
            value=len(rows),
        )
    ]


def _sample_twin(tube: Tube, first: Tube) -> SheetError:
    if tube.sample_id == first.sample_id:
        return SheetError(
            f"{quoted(tube.sample_id)} is already in row {first.row}",
            hint="give every tube its own sample_id",
        )
    return SheetError(
        f"{quoted(tube.sample_id)} differs from {quoted(first.sample_id)} in row {first.row}"
        f" {_ONLY_IN_CASE}",
        hint="give every tube its own sample_id",
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
