"""Which tubes may be compared, and what is usual among them; nothing is judged here.

The tubes of a group were made to be compared: same panel of the sheet, same gates. The usual
value is the commonest one, among equally common ones that of the tube that comes first in the
sheet. It is always shown with the tubes that have it, so that a reader can turn a judgement
round: in a group of two, nobody knows which one is odd.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from carflow.qc.summary import TubeSummary

Value = TypeVar("Value", bound=Hashable)

CONTROLS = frozenset({SampleType.FMO, SampleType.UNTRANSDUCED, SampleType.PRE_INFUSION})
"""Tubes that show where CAR begins."""

SAME_MATERIAL = frozenset({SampleType.PATIENT, SampleType.PRE_INFUSION, SampleType.FMO})
"""Tubes of patients' blood: cultured cells and other people's blood are other material."""

_LISTED = 5


@dataclass(frozen=True, slots=True)
class Holders:
    """The tubes that have the usual value, of all that have any.

    Examples
    --------
    >>> print(Holders(("P01-D01", "P01-D07"), 3))
    as in 2 of 3 tubes, first in P01-D01
    """

    sample_ids: tuple[str, ...]
    total: int

    def __str__(self) -> str:
        return f"as in {len(self.sample_ids)} of {self.total} tubes, first in {self.sample_ids[0]}"


def panel_groups(tubes: Sequence[TubeSummary]) -> tuple[tuple[TubeSummary, ...], ...]:
    """Return the tubes that may be compared with each other, in the order given.

    Tubes of beads only (bead-QC) belong to no group: other settings may be meant for them.

    Parameters
    ----------
    tubes : sequence of TubeSummary
        In the order of the sheet.
    """
    groups: dict[tuple[str, str], list[TubeSummary]] = {}
    for tube in tubes:
        if tube.sample_type is not SampleType.BEAD_QC:
            groups.setdefault((tube.panel_id, tube.gates_name), []).append(tube)
    return tuple(tuple(group) for group in groups.values())


def usual(values: Mapping[str, Value]) -> tuple[Value, Holders]:
    """Return the commonest of the values, by sample id in the order of the sheet, and its tubes.

    Examples
    --------
    >>> value, holders = usual({"A": 420.0, "B": 450.0, "C": 450.0})
    >>> value, holders.sample_ids
    (450.0, ('B', 'C'))
    """
    # of equally common values, Counter returns the one it met first
    [(commonest, _)] = Counter(values.values()).most_common(1)
    holders = tuple(sample_id for sample_id, value in values.items() if value == commonest)
    return commonest, Holders(holders, len(values))


def usual_by_name(
    group: Sequence[TubeSummary], read: Callable[[TubeSummary], Mapping[str, Value]]
) -> dict[str, tuple[Value, Holders]]:
    """Return the usual value of every channel (or marker) that any tube of the group has.

    Parameters
    ----------
    group : sequence of TubeSummary
        In the order of the sheet.
    read : callable
        What a tube has, by channel or marker.
    """
    columns: dict[str, dict[str, Value]] = {}
    for tube in group:
        for name, value in read(tube).items():
            columns.setdefault(name, {})[tube.sample_id] = value
    return {name: usual(values) for name, values in columns.items()}


def tubes_of(group: Sequence[TubeSummary]) -> str:
    """Return a group in words; panels go without names, which are free text of the laboratory."""
    others = len(group) - 1
    plural = "s" if others > 1 else ""
    return (
        f"{group[0].sample_id} and {others} more tube{plural} of its panel"
        if others
        else group[0].sample_id
    )


def some_of(parts: Sequence[str], separator: str) -> str:
    """Join the first five parts and say how many more there are, so that a sentence stays one.

    Examples
    --------
    >>> some_of(list("ABCDEFG"), ", ")
    'A, B, C, D, E, and 2 more'
    """
    rest = len(parts) - _LISTED
    return separator.join([*parts[:_LISTED], *([f"and {rest} more"] if rest > 0 else [])])
