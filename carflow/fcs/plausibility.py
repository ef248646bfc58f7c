"""What values tell about how they were read: wrong place, wrong byte order, cut-off bits.

Misread floating-point numbers have any exponent, while no detector gives 10⁻³⁰ or 10¹⁵; misread
integers have bits where their range leaves none. Only sampled events are looked at, and nothing
is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.codes import FcsCode, noticed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carflow.fcs.layout import Column
    from carflow.fcs.sample import Sample, Table
    from carflow.findings import Finding

_TINY, _HUGE = 1e-30, 1e15
_MOST_SHARE = 0.001
_ENOUGH_EVENTS, _FEW_EVENTS = 100, 2_000
_MORE_BYTES = 1.5
_TOGETHER = 4  # columns; fresh memory for more costs more than looking at them


def odd_values(sample: Sample) -> list[Finding]:
    """Return what is odd about the sampled values."""
    if not sample.size:
        return []
    floats = [table for table in sample.tables if table.columns[0].kind == "f"]
    integers = [table for table in sample.tables if table.columns[0].kind == "u"]
    odd = [column for table in floats for column in _with_odd_sizes(table)]
    return [
        *_not_finite(sample, odd),
        *_implausible(sample, odd),
        *_swapped_bytes(sample, integers),
        *_bits_above(sample, integers),
    ]


def _with_odd_sizes(floats: Table) -> list[Column]:
    """Return the columns with a value that is no number, very small or very large; seldom any."""
    odd = []
    for first in range(0, len(floats.columns), _TOGETHER):
        sizes = np.abs(floats.numbers[first : first + _TOGETHER])
        plain = (sizes.min(axis=1) >= _TINY) & (sizes.max(axis=1) <= _HUGE)
        odd += [floats.columns[first + row] for row in np.flatnonzero(~plain)]
    return odd


def _not_finite(sample: Sample, floats: list[Column]) -> Iterator[Finding]:
    counts = {
        column.parameter.name: int(np.count_nonzero(~np.isfinite(sample.stored(column))))
        for column in floats
    }
    some = {name: count for name, count in counts.items() if count}
    if some:
        of_them = ", ".join(f"{name} in {count}" for name, count in some.items())
        message = f"of {sample.size} events looked at, some have values not finite: {of_them}"
        yield noticed(FcsCode.NOT_FINITE, message)


def _implausible(sample: Sample, floats: list[Column]) -> Iterator[Finding]:
    names = [
        column.parameter.name
        for column in floats
        if _share_of_odd_sizes(sample.stored(column)) > _MOST_SHARE
    ]
    if names:
        message = f"values below 10⁻³⁰ or above 10¹⁵ stand in {', '.join(names)}"
        yield noticed(FcsCode.VALUES_IMPLAUSIBLE, message)


def _share_of_odd_sizes(values: np.ndarray) -> float:
    sizes = np.abs(values)
    odd = ((sizes < _TINY) & (sizes > 0)) | ((sizes > _HUGE) & np.isfinite(sizes))
    return float(np.count_nonzero(odd) / len(values))


def _swapped_bytes(sample: Sample, integers: list[Table]) -> Iterator[Finding]:
    """Compare how many different highest and lowest bytes there are; the lowest vary most."""
    wide = [table.numbers[:, :_FEW_EVENTS] for table in integers if _width(table) in (2, 4, 8)]
    if sample.size < _ENOUGH_EVENTS or not wide:
        return
    lowest = sum(_distinct(numbers & 0xFF) for numbers in wide)
    highest = sum(_distinct(numbers >> (8 * numbers.itemsize - 8)) for numbers in wide)
    if highest > _MORE_BYTES * lowest:
        message = "the highest bytes of the integers vary more than the lowest: check $BYTEORD"
        yield noticed(FcsCode.VALUES_IMPLAUSIBLE, message)


def _width(table: Table) -> int:
    return table.columns[0].width


def _distinct(bytes_: np.ndarray) -> int:
    """Return how many different bytes the rows of an array hold, each row for itself."""
    ordered = np.sort(bytes_.astype(np.uint8), axis=1, kind="stable")  # by radix: many times faster
    return len(ordered) + int(np.count_nonzero(ordered[:, 1:] != ordered[:, :-1]))


def _bits_above(sample: Sample, integers: list[Table]) -> Iterator[Finding]:
    """Tell marks that an instrument keeps in spare bits from values that do not fit."""
    tagged, varying = [], []
    for table in integers:
        above = table.numbers & ~table.masks()
        highest = above.max(axis=1)
        tagged += table.named(highest > 0)
        varying += table.named(above.min(axis=1) != highest)
    if varying and not _change_together(sample, integers):
        message = f"bits above $PnR differ from event to event in {', '.join(varying)}"
        yield noticed(FcsCode.BITS_ABOVE_RANGE, message)
    elif tagged:
        message = f"marks of the instrument above $PnR were cut off in {len(tagged)} channels"
        yield noticed(FcsCode.BITS_TAGGED, message)


def _change_together(sample: Sample, integers: list[Table]) -> bool:
    """Whether the spare bits of all columns change at the same events in the same way."""
    masked = [column for table in integers for column in table.columns if column.mask is not None]
    changes = []
    for column in masked:
        numbers = sample.stored(column)
        above = numbers & ~numbers.dtype.type(column.mask or 0)
        changes.append(above ^ above[0])
    return len(changes) > 1 and all(np.array_equal(changes[0], one) for one in changes[1:])
