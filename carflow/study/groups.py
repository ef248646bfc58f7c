"""Which group of a cohort a subject belongs to: one column of a table, one value for each subject.

Any column may be named, also one that nothing else reads. Rows of one subject may leave the cell
empty (controls often do), but never contradict each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.errors import SheetError
from carflow.study.cells import is_missing, quoted
from carflow.study.table import Table, missing_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carflow.study.rows import Row, RowProblems


def subject_groups(
    table: Table, rows: Iterable[tuple[Row, str]], column: str, problems: RowProblems
) -> Mapping[str, str]:
    """Return the group of each subject, "" of one whose rows name none.

    Parameters
    ----------
    table : Table
        The table the column stands in.
    rows : iterable of (Row, str)
        Its rows with the subject of each.
    column : str
        The name of the column, in any case.
    problems : RowProblems
        Takes a missing column, and subjects with two groups.
    """
    name = column.casefold()
    if missing_columns(table, (name,), problems):
        return {}
    found: dict[str, tuple[str, int]] = {}
    groups: dict[str, str] = {}
    for row, subject_id in rows:
        groups.setdefault(subject_id, "")
        text = row.cells.get(name, "")
        if is_missing(text):
            continue
        first, number = found.setdefault(subject_id, (text, row.number))
        groups[subject_id] = first
        if text != first:
            error = SheetError(
                f"{quoted(text)}, but row {number} of this subject says {quoted(first)}",
                hint="give each subject one value to be grouped by",
            )
            problems.add(row.number, error, column=name)
    return groups
