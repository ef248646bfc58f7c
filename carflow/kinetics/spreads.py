"""Intervals of values that come without counts: from their denominator, or from a CV.

A percentage alone has no interval (`Reason.NO_COUNTS`). With the events of its denominator it
has its counting interval again; with a coefficient of variation a log-normal one; with both,
one that is widened as `carflow.quantify` widens its own.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from scipy.special import betaincinv

from carflow.kinetics.columns import Cell, PerSample, column, is_column, without_words
from carflow.kinetics.series import Sample, Series, day_number, number, read_series
from carflow.measure import IntervalKind
from carflow.quantify.intervals import FEW_EVENTS, Z95, Interval, lognormal, widened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.measure import State

_TAIL = 0.025


def percentage_interval(percent: float, of: float) -> Interval:
    """Return the counting interval of a percentage of so many events [%].

    Wilson's, or the exact one where fewer than five events stand on either side. The events
    are ``percent * of / 100``, which printed percentages give with a fraction.

    Raises
    ------
    ValueError
        If it is no percentage, or the denominator is not positive.

    Examples
    --------
    >>> low, high = percentage_interval(4.26, 10_000)
    >>> print(f"{low:.4f} {high:.4f}")
    3.8814 4.6737
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"a percentage lies between 0 and 100, got {percent:g}")
    if not 0 < of < math.inf:
        raise ValueError(f"a denominator is a number of events above 0, got {of:g}")
    share = percent / 100
    events = round(share * of, 9)  # five events of a percentage are not to become 4.999…
    if min(events, of - events) < FEW_EVENTS:
        low = float(betaincinv(events, of - events + 1, _TAIL)) if events > 0 else 0.0
        high = float(betaincinv(events + 1, of - events, 1 - _TAIL)) if events < of else 1.0
    else:
        z2 = Z95**2
        centre = share + z2 / (2 * of)
        reach = Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2))
        low, high = (centre - reach) / (1 + z2 / of), (centre + reach) / (1 + z2 / of)
    return Interval(100 * min(low, share), 100 * max(high, share))


def spread_interval(
    value: float, of: float | None, cv: float | None
) -> tuple[Interval, IntervalKind] | None:
    """Return the interval of one value and what it covers, None where nothing is known."""
    if cv is not None and not 0 <= cv < math.inf:
        raise ValueError(f"a coefficient of variation is not negative, got {cv:g}")
    if of is not None:
        counting = percentage_interval(value, of)
        if not cv:
            return counting, IntervalKind.COUNTING
        low, high = widened(value, counting, cv**2)
        return Interval(low, min(100.0, high)), IntervalKind.TOTAL
    if cv is None or value <= 0:
        return None
    return lognormal(value, cv**2), IntervalKind.TOTAL


def read_measured(  # noqa: PLR0913  # behind the doors for plain arrays: one column each
    days: Sequence[float],
    values: Sequence[Cell],
    *,
    lloq: PerSample = None,
    states: Sequence[State | str | None] | None = None,
    lows: Sequence[float | None] | None = None,
    highs: Sequence[float | None] | None = None,
    n_denominator: PerSample = None,
    cv: PerSample = None,
) -> Series:
    """Return plain arrays as a series whose samples have the intervals that can be had.

    Raises
    ------
    ValueError
        If the columns are no such arrays, or both intervals and what makes them are given
        (columns of empty cells are no intervals).
    """
    days, values = column(days, "days"), column(values, "values")
    limits = column(lloq, "limits") if is_column(lloq) else number(lloq)  # type: ignore[arg-type]  # one limit
    values, states, limits = without_words(values, states, limits)
    if n_denominator is None and cv is None:
        return read_series(days, values, lloq=limits, states=states, lows=lows, highs=highs)
    given = [end for ends in (lows, highs) if ends is not None for end in ends]
    if any(number(end) is not None for end in given):
        raise ValueError("give intervals, or a denominator or CV to make them from, not both")
    series = read_series(days, values, lloq=limits, states=states)
    wholes = _by_day(days, n_denominator, name="denominators")
    cvs = _by_day(days, cv, name="CVs")
    # a word such as BLQ is no 0 of so many events: only written values have an interval
    written = {
        day for day, value in _by_day(days, values, name="values").items() if value is not None
    }
    return Series(
        samples=tuple(
            _spread(one, wholes.get(one.day), cvs.get(one.day)) if one.day in written else one
            for one in series.samples
        )
    )


def series_by_key(
    keys: Sequence[str],
    days: Sequence[float],
    values: Sequence[Cell],
    **columns: PerSample,
) -> dict[str, Series]:
    """Return the series of each key of a long table, in the order of their first rows.

    Parameters
    ----------
    keys : sequence of str, (n,)
        What tells curves apart.
    days, values : sequences, (n,)
        As for `read_measured`.
    **columns : number or sequence, optional
        ``lloq``, ``n_denominator`` and ``cv``: one value for all rows, or one for each.

    Raises
    ------
    ValueError
        If columns differ in length, or a curve cannot be read; the message names the key.
    """
    whole = {"days": column(days, "days"), "values": column(values, "values")}
    whole |= {
        name: column(cells, name) if is_column(cells) else [cells] * len(keys)
        for name, cells in columns.items()
        if cells is not None
    }
    for name, listed in whole.items():
        if len(listed) != len(keys):
            raise ValueError(f"{len(keys)} subjects, but {len(listed)} {name}")
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(str(key), []).append(row)
    found: dict[str, Series] = {}
    for key, own in rows.items():
        part = {name: [listed[row] for row in own] for name, listed in whole.items()}
        try:
            found[key] = read_measured(
                part["days"],
                part["values"],
                lloq=part.get("lloq"),
                n_denominator=part.get("n_denominator"),
                cv=part.get("cv"),
            )
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    return found


def _by_day(days: Sequence[float], cells: PerSample, *, name: str) -> dict[float, float | None]:
    listed = column(cells, name) if is_column(cells) else [cells] * len(days)
    if len(listed) != len(days):
        raise ValueError(f"{len(days)} days, but {len(listed)} {name}")
    return {day_number(day): number(cell) for day, cell in zip(days, listed, strict=True)}


def _spread(sample: Sample, of: float | None, cv: float | None) -> Sample:
    found = spread_interval(sample.value, of, cv)
    if found is None:
        return sample
    (low, high), kind = found
    return replace(sample, low=low, high=high, ci_kind=kind)
