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
    from carflow.fcs.sample import Sample
    from carflow.findings import Finding

_TINY, _HUGE = 1e-30, 1e15
_MOST_SHARE = 0.001
_ENOUGH_EVENTS, _FEW_EVENTS = 100, 2_000
_MORE_BYTES = 1.5


def odd_values(sample: Sample) -> list[Finding]:
    """Return what is odd about the sampled values."""
    if not sample.size:
        return []
    floats = [column for column in sample.layout.columns if column.kind == "f"]
    integers = [column for column in sample.layout.columns if column.kind == "u"]
    return [
        *_not_finite(sample, floats),
        *_implausible(sample, floats),
        *_swapped_bytes(sample, integers),
        *_bits_above(sample, [column for column in integers if column.mask is not None]),
    ]


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
    if not sizes.size or (sizes.min() >= _TINY and sizes.max() <= _HUGE):
        return 0.0
    odd = ((sizes < _TINY) & (sizes > 0)) | ((sizes > _HUGE) & np.isfinite(sizes))
    return float(np.count_nonzero(odd) / len(values))


def _swapped_bytes(sample: Sample, integers: list[Column]) -> Iterator[Finding]:
    """Compare how many different highest and lowest bytes there are; the lowest vary most."""
    wide = [column for column in integers if column.width in (2, 4, 8)]
    if sample.size < _ENOUGH_EVENTS or not wide:
        return
    stored = [(sample.stored(column)[:_FEW_EVENTS], column.width) for column in wide]
    lowest = sum(_distinct(numbers & 0xFF) for numbers, _ in stored)
    highest = sum(_distinct(numbers >> (8 * width - 8)) for numbers, width in stored)
    if highest > _MORE_BYTES * lowest:
        message = "the highest bytes of the integers vary more than the lowest: check $BYTEORD"
        yield noticed(FcsCode.VALUES_IMPLAUSIBLE, message)


def _distinct(bytes_: np.ndarray) -> int:
    return int(np.count_nonzero(np.bincount(bytes_.astype(np.int64), minlength=256)))


def _bits_above(sample: Sample, masked: list[Column]) -> Iterator[Finding]:
    """Tell marks that an instrument keeps in spare bits from values that do not fit."""
    above = {
        column.parameter.name: numbers & ~numbers.dtype.type(column.mask or 0)
        for column in masked
        for numbers in [sample.stored(column)]
    }
    tagged = [name for name, bits in above.items() if bits.any()]
    if not tagged:
        return
    changes = {name: bits ^ bits[0] for name, bits in above.items()}
    varying = [name for name, change in changes.items() if change.any()]
    first = next(iter(changes.values()))
    if varying and not (
        len(changes) > 1 and all(np.array_equal(first, other) for other in changes.values())
    ):
        message = f"bits above $PnR differ from event to event in {', '.join(varying)}"
        yield noticed(FcsCode.BITS_ABOVE_RANGE, message)
    else:
        message = f"marks of the instrument above $PnR were cut off in {len(tagged)} channels"
        yield noticed(FcsCode.BITS_TAGGED, message)
