"""Time against the clock: its order, its turns, and whether $TIMESTEP can be believed.

Time never decides over a percentage by itself, so nothing here refuses a file. A $TIMESTEP is
given up when Time would last longer than the tube did ($BTIM to $ETIM, which have a resolution
of a second at best). A Time that is much shorter is only reported: exported parts of a tube, and
wells of a plate that share one clock, look like that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.channel_names import is_time_high
from carflow.fcs.clock import lasted_s
from carflow.fcs.codes import FcsCode, noticed
from carflow.fcs.decode import wrapped
from carflow.units import significant

if TYPE_CHECKING:
    from carflow.fcs.keywords import Keywords
    from carflow.fcs.layout import Column, Layout
    from carflow.fcs.sample import Sample, Table
    from carflow.findings import Finding

_TOLERANCE = 0.2
_CLOCK_S = 2.0  # two clock times, each given to the second
_ENOUGH_EVENTS = 100
_SHUFFLED = 0.01


@dataclass(frozen=True, slots=True)
class _Course:
    """How Time goes on: steps back, turns of its counter, and its whole span in ticks."""

    backsteps: int
    turns: int
    span: float


def settled_time(sample: Sample, keywords: Keywords, findings: list[Finding]) -> Layout:
    """Return the layout with what is known of Time: continued if it wraps, unit if believable.

    Parameters
    ----------
    sample : Sample
        Sampled events.
    keywords : Keywords
        $BTIM and $ETIM, or the date-times of FCS 3.2, are read.
    findings : list of Finding
        What was noticed is appended.
    """
    layout = sample.layout
    times = [column for column in layout.columns if column.parameter.is_time]
    if sample.size < 2:
        return layout
    if not times:
        findings.extend(_unnamed_time(sample))
        return layout
    time = times[0]
    course, period = _course(sample, time)
    if course.backsteps:
        findings.append(_disorder(sample, course, time))
    if course.turns:
        message = f"the counter of Time began again at 0 at least {course.turns} times; continued"
        findings.append(noticed(FcsCode.TIME_WRAPS, message))
        layout = _with(layout, time, replace(time, period=period))
    seconds = _clock(keywords, findings)
    timestep_s = time.parameter.timestep_s
    if seconds is None or timestep_s is None:
        return layout
    return _against_clock(layout, sample, course.span * timestep_s, seconds, findings)


def _course(sample: Sample, time: Column) -> tuple[_Course, float]:
    values = sample.values(time)
    if time.high is not None and time.period is not None:
        values += sample.values(time.high) * time.period
    period = _period(time)
    neighbours = sample.pairs()
    falls = np.diff(values) < 0
    turns = wrapped(values, 0.0, period)[1:] & falls if period else np.zeros_like(falls)
    backsteps = int(np.count_nonzero(falls & neighbours & ~turns))
    between = falls & ~neighbours
    near_end = bool(period) and bool(values.max() > 0.9 * period)
    if between.any() and not near_end:
        backsteps += int(np.count_nonzero(between))
    if backsteps:
        return _Course(backsteps, 0, float(np.ptp(values))), period
    count = int(np.count_nonzero(turns & neighbours) + np.count_nonzero(between))
    span = float(values[-1] - values[0]) + count * period
    return _Course(0, count, span), period


def _period(time: Column) -> float:
    """Return the value at which the counter would begin again, 0.0 if it cannot."""
    if time.high is not None:
        return 0.0
    if time.kind == "u":
        return float(time.mask + 1 if time.mask is not None else 2 ** (8 * time.width))
    return time.parameter.range_max if np.isfinite(time.parameter.range_max) else 0.0


def _with(layout: Layout, old: Column, new: Column) -> Layout:
    columns = tuple(new if column is old else column for column in layout.columns)
    return replace(layout, columns=columns)


def _disorder(sample: Sample, course: _Course, time: Column) -> Finding:
    if course.backsteps > _SHUFFLED * sample.size and sample.size >= _ENOUGH_EVENTS:
        rising = _rising(sample, time)
        if rising:
            message = f"not Time but {', '.join(rising)} rises from event to event"
            return noticed(FcsCode.TIME_ELSEWHERE, message)
    message = f"Time steps back {course.backsteps} times in {sample.size} events looked at"
    return noticed(FcsCode.TIME_ORDER, message)


def _unnamed_time(sample: Sample) -> list[Finding]:
    rising = _rising(sample, None) if sample.size >= _ENOUGH_EVENTS else []
    if not rising:
        return []
    message = f"no channel is called Time, but {', '.join(rising)} rises from event to event"
    return [noticed(FcsCode.TIME_UNNAMED, message)]


def _rising(sample: Sample, time: Column | None) -> list[str]:
    """Return the channels that never fall and take many values."""
    found = []
    begun = {id(one) for table in sample.tables for one in _rising_at_first(table)}  # seldom any
    for column in sample.layout.columns:
        if id(column) not in begun or column is time or is_time_high(column.parameter.name):
            continue
        values = sample.values(column)
        if (np.diff(values) >= 0).all() and len(np.unique(values)) > _ENOUGH_EVENTS / 2:
            found.append(column.parameter.name)
    return found


def _rising_at_first(table: Table) -> list[Column]:
    values = table.masked(_ENOUGH_EVENTS)
    rising = (values[:, 1:] >= values[:, :-1]).all(axis=1)
    return [table.columns[row] for row in np.flatnonzero(rising)]


def _clock(keywords: Keywords, findings: list[Finding]) -> float | None:
    stated = keywords.text("$BTIM") or keywords.text("$ETIM")
    seconds = lasted_s(keywords.values)
    if seconds:
        return seconds
    if stated:
        message = "$BTIM and $ETIM give no duration; $TIMESTEP and $VOL could not be checked"
        findings.append(noticed(FcsCode.CLOCK, message))
    return None


def _against_clock(
    layout: Layout, sample: Sample, span_s: float, seconds: float, findings: list[Finding]
) -> Layout:
    said = f"Time lasts {significant(span_s, 4)} s, $BTIM to $ETIM {significant(seconds, 4)} s"
    if span_s > (1.0 + _TOLERANCE) * seconds + _CLOCK_S:
        findings.append(noticed(FcsCode.TIME_CONTRADICTS, f"{said}; Time is left without unit"))
        return _without_timestep(layout)
    if span_s < (1.0 - _TOLERANCE) * seconds - _CLOCK_S and sample.n_events >= _ENOUGH_EVENTS:
        findings.append(noticed(FcsCode.TIME_SHORT, said))
    return layout


def _without_timestep(layout: Layout) -> Layout:
    columns = tuple(
        replace(column, parameter=replace(column.parameter, timestep_s=None))
        for column in layout.columns
    )
    return replace(layout, columns=columns)
