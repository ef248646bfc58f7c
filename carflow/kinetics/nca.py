"""Non-compartmental parameters of one curve: what the measured values say without a model.

What is not computed here: an area to infinity, clearance or volume. They assume a drug that is
given and leaves; CAR T cells multiply. `carflow.kinetics.infinity` has them for comparisons with
other programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from carflow.kinetics.areas import Areas
from carflow.kinetics.auc import DEFAULT_BLQ_RULE, AucRule, BlqRule, Origin, profile_of
from carflow.kinetics.expansion import Expansion, expansion_of, time_above
from carflow.kinetics.peak import SEARCH_WINDOW, Peak, peak_of
from carflow.kinetics.persistence import below_after_peak, first_detected, last_below_before
from carflow.kinetics.series import Sample, Series, highest
from carflow.kinetics.slope import DEFAULT_SLOPE_RULE, Decline, Order, SlopeRule, last_decline
from carflow.kinetics.spreads import read_measured
from carflow.measure import IntervalKind, Measure, State
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from carflow.kinetics.columns import Cell, PerSample


@dataclass(frozen=True, slots=True, kw_only=True)
class NcaRules:
    """Every choice the parameters depend on.

    Parameters
    ----------
    auc : AucRule
        How the area between two samples is computed.
    blq : BlqRule
        What becomes of values below the limit.
    slope : SlopeRule
        How the last decline is found, and how far an area may be extrapolated.
    window : tuple of float
        The peak is looked for after the first and up to the second day.
    origin : Origin
        Where a curve without a sample on day 0 starts.
    start_value : float, optional
        The theoretical value on day 0, for the fold expansion over the dose.
    """

    auc: AucRule = AucRule.LINEAR_UP_LOG_DOWN
    blq: BlqRule = DEFAULT_BLQ_RULE
    slope: SlopeRule = DEFAULT_SLOPE_RULE
    window: tuple[float, float] = SEARCH_WINDOW
    origin: Origin = "zero"
    start_value: float | None = None


DEFAULT_RULES = NcaRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nca:
    """The parameters of one curve, each a `Measure`; a missing one says why.

    `cmax` and `tmax` are the first maximum inside the search window, `tmax_last_tie` the last
    day of the same value there, `cmax_global` and `tmax_global` those of all samples after the
    infusion. The interval of `cmax` is that of its measurement; as the highest of several it is
    more likely too high than too low. `tfirst` is the first day anything was detected, `tlag`
    the last sample before the first quantified one. `auc_last` ends at the last quantified
    value, `auc_all` adds the triangle down to the first value below the limit after it.
    `lambda_z` and `half_life` describe the last decline the data show: in data that end at
    day 28 that is the contraction, not the persistence.
    """

    cmax: Measure
    tmax: Measure
    tmax_last_tie: Measure
    cmax_global: Measure
    tmax_global: Measure
    clast: Measure
    tlast: Measure
    tfirst: Measure
    tlag: Measure
    auc_last: Measure
    auc_all: Measure
    lambda_z: Measure
    half_life: Measure
    areas: Areas
    decline: Decline
    peak: Peak
    series: Series
    rules: NcaRules

    def auc(self, start_day: float, end_day: float) -> Measure:
        """Return the area under the curve between two days, interpolated at both.

        Beyond the last sample the curve is 0 where that sample is below the limit. Otherwise it
        follows the slope of the last decline, if the fit is good and the part beyond makes up
        20 % of the area at most (`Reason.EXTRAPOLATED`).

        Raises
        ------
        ValueError
            If the window does not begin before it ends.

        Examples
        --------
        >>> course = nca([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
        >>> print(course.auc(1, 14))
        485.859 value·d
        >>> print(course.auc(0, 28))
        not available: the samples do not cover the whole window
        """
        if not start_day < end_day:
            raise ValueError(f"a window begins before it ends, got {start_day} to {end_day}")
        return self.areas.between(start_day, end_day)

    def time_above(self, threshold: float) -> Measure:
        """Return the days above a threshold, for example 10 cells/µL."""
        return time_above(self.areas.profile, threshold, self.rules.auc)

    @property
    def expansion(self) -> Expansion:
        """Rates, folds and doublings up to the peak, and the contraction after it."""
        inside = [one for one in self.series.samples if one.day > self.rules.window[0]]
        return expansion_of(
            inside,
            _sample_on(inside, self.tmax.value),
            unit=self.areas.unit,
            start_value=self.rules.start_value,
            nothing=self.tmax.reason,
        )

    @property
    def expansion_rate(self) -> Measure:
        """The steepest rise of ``ln(value)`` up to the peak [1/d]."""
        return self.expansion.expansion_rate

    @property
    def doubling_time(self) -> Measure:
        """``ln 2 / expansion_rate`` [d]."""
        return self.expansion.doubling_time

    @property
    def contraction_half_life(self) -> Measure:
        """The half-life from the peak to 21 days later, day 35 at most [d]."""
        return self.expansion.contraction_half_life

    @property
    def population_doublings(self) -> Measure:
        """``log2`` of the peak over the first quantified value."""
        return self.expansion.population_doublings

    @property
    def t_bql(self) -> Measure:
        """The first day below the limit after the peak."""
        return self._below()

    @property
    def t_bql_confirmed(self) -> Measure:
        """Persistence: the first of two consecutive days below the limit after the peak."""
        return self._below(confirmed=True)

    def _below(self, *, confirmed: bool = False) -> Measure:
        after = self.series.after_infusion
        top = _sample_on(after, self.tmax.value) or highest(after)
        return below_after_peak(after, top, self.tmax.reason, confirmed=confirmed)

    @property
    def notes(self) -> tuple[Reason, ...]:
        """What limits the parameters as a whole: reasons of the slope and of dropped values."""
        dropped = (Reason.BLQ_DROPPED,) if self.areas.profile.dropped_days else ()
        return dropped + ((self.decline.reason,) if self.decline.reason else ())

    def parameters(self) -> Mapping[str, Measure]:
        """Return every parameter by name, in the order of the tables.

        Examples
        --------
        >>> course = nca([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
        >>> list(course.parameters())[:4]
        ['cmax', 'tmax', 'tmax_last_tie', 'cmax_global']
        """
        own = {name: getattr(self, name) for name in _OWN}
        rise = self.expansion
        return own | {name: getattr(rise, name) for name in _OF_EXPANSION}


_OWN = (
    "cmax", "tmax", "tmax_last_tie", "cmax_global", "tmax_global", "clast", "tlast", "tfirst",
    "tlag", "auc_last", "auc_all", "lambda_z", "half_life", "t_bql", "t_bql_confirmed",
)  # fmt: skip
_OF_EXPANSION = (
    "expansion_rate", "expansion_rate_at_least", "doubling_time", "fold_first", "fold_nadir",
    "fold_dose", "population_doublings", "contraction_rate", "contraction_half_life",
)  # fmt: skip


def nca(  # noqa: PLR0913  # a public door for plain arrays: each keyword is one column or rule
    days: Sequence[float],
    values: Sequence[Cell],
    *,
    lloq: PerSample = None,
    states: Sequence[State | str] | None = None,
    lows: Sequence[float | None] | None = None,
    highs: Sequence[float | None] | None = None,
    n_denominator: PerSample = None,
    cv: PerSample = None,
    unit: Unit = Unit.NONE,
    auc_rule: str = AucRule.LINEAR_UP_LOG_DOWN,
    blq_rule: str = "zero/drop/zero",
    slope_rule: Order | SlopeRule = "winnonlin",
    window: tuple[float, float] = SEARCH_WINDOW,
    origin: bool | Origin = True,
    start_value: float | None = None,
) -> Nca:
    """Return the non-compartmental parameters of plain arrays of days and values.

    Parameters
    ----------
    days, values : sequences, (n,)
        Time since the infusion [d], each day once, in any order; values of 0 or more, None or
        NaN where there is no sample, or words such as ``BLQ``, ``<0.5`` and ``ND``. Columns of a
        data frame will do.
    lloq : float or sequence of float, optional
        Limit of quantification, one for all or one for each value. Values below it, and 0,
        count as 0 before the first and after the last quantified value and are left out between
        (see `blq_rule`).
    states : sequence of State, (n,), optional
        QUANT, DET_BLQ, ND and so on; DET_BLQ counts as below the limit.
    lows, highs : sequences, (n,), optional
        95 % intervals of the values. Without them and what follows, numbers have no interval
        and say NO_COUNTS.
    n_denominator : int or sequence of int, optional
        Events of the denominator, where the values are percentages [%].
    cv : float or sequence of float, optional
        Coefficient of variation of the values, as a fraction.
    unit : Unit
        The unit of the values.
    auc_rule : str
        "linear", "linear-up log-down" (the default), "lin-log" or "log-up log-down".
    blq_rule : str
        What becomes of values below the limit: `carflow.kinetics.auc.BlqRule.named`.
    slope_rule : str or SlopeRule
        "winnonlin" (the default), "pknca" or "tobit", or every choice by itself.
    window : tuple of float
        `tmax` is looked for after the first and up to the second day.
    origin : bool or str
        Whether a curve without a sample on day 0 starts there at 0 ("zero" and "none" say the
        same); "back-extrapolated" starts it where the first two samples point back to.
    start_value : float, optional
        Theoretical value on day 0 (`carflow.kinetics.expansion.theoretical_start_per_ul`).

    Raises
    ------
    ValueError
        If the columns are no such arrays, or there is no such rule.

    Examples
    --------
    >>> course = nca([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33], auc_rule="linear")
    >>> print(course.cmax, "|", course.tmax, "|", course.auc(1, 14))
    69.94 | 12 d | 493.74 value·d
    >>> percent = nca([1, 4, 7], [4.26, 12.33, 45.31], n_denominator=10_000, unit=Unit.PERCENT)
    >>> print(percent.cmax)
    45.31 % [44.3363, 46.2873]
    """
    series = read_measured(
        days,
        values,
        lloq=lloq,
        states=states,
        lows=lows,
        highs=highs,
        n_denominator=n_denominator,
        cv=cv,
    )
    rules = NcaRules(
        auc=AucRule(auc_rule),
        blq=BlqRule.named(blq_rule),
        slope=slope_rule if isinstance(slope_rule, SlopeRule) else SlopeRule(order=slope_rule),
        window=window,
        origin=_origin(origin),
        start_value=start_value,
    )
    return nca_by_rules(series, unit=unit, rules=rules)


def _origin(origin: bool | Origin) -> Origin:
    if isinstance(origin, bool):
        return "zero" if origin else "none"
    if origin not in get_args(Origin):
        raise ValueError(f'a curve starts at "zero", "back-extrapolated" or "none", got "{origin}"')
    return origin


def nca_by_rules(series: Series, *, unit: Unit = Unit.NONE, rules: NcaRules = DEFAULT_RULES) -> Nca:
    """Return the parameters of a series by stated rules."""
    after = series.after_infusion
    peak = peak_of(series, unit=unit, window=rules.window)
    top = highest(after)
    last = next((sample for sample in reversed(after) if sample.quantified), None)
    nothing = Reason.ALL_BLQ if after else Reason.NO_VALUES
    decline = last_decline(series.from_infusion, _start_of_decline(series, rules), rules.slope)
    areas = Areas(
        profile=profile_of(series, rules.blq, origin=rules.origin),
        n_measured=len(series.from_infusion),
        unit=unit,
        rule=rules.auc,
        decline=decline,
        slope_rule=rules.slope,
        ci_kind=_kind(after),
    )
    return Nca(
        cmax=peak.height,
        tmax=peak.day,
        tmax_last_tie=_last_tie(series, peak, rules),
        cmax_global=_value(top, unit, nothing),
        tmax_global=_day(top, nothing),
        clast=_value(last, unit, nothing),
        tlast=_day(last, nothing),
        tfirst=first_detected(after, nothing),
        tlag=_tlag(series, last, nothing),
        auc_last=areas.to_last_quantified,
        auc_all=areas.to_first_below,
        lambda_z=decline.lambda_z,
        half_life=decline.half_life,
        areas=areas,
        decline=decline,
        peak=peak,
        series=series,
        rules=rules,
    )


def _start_of_decline(series: Series, rules: NcaRules) -> Sample | None:
    """Return the highest sample, unless that is carry-over before the window and a rise.

    Product left in a catheter may stand above everything later; the decline the curve ends in
    begins at the peak inside the window then, not at the catheter.
    """
    course = series.from_infusion
    top = highest(course)
    inside = highest(series.within(rules.window))
    if top is None or inside is None or top.day > rules.window[0]:
        return top
    between = [one.value for one in course if top.day < one.day < inside.day]
    return inside if any(value < inside.value for value in between) else top


def _last_tie(series: Series, peak: Peak, rules: NcaRules) -> Measure:
    height = peak.height.value
    ties = [
        one.day
        for one in series.within(rules.window)
        if one.quantified and height is not None and one.value == height
    ]
    if not ties:
        return Measure.missing(Unit.DAY, peak.day.reason)
    return Measure(unit=Unit.DAY, value=ties[-1])


def _tlag(series: Series, last: Sample | None, nothing: Reason) -> Measure:
    if last is None:
        return Measure.missing(Unit.DAY, nothing)
    return Measure(unit=Unit.DAY, value=last_below_before(series.from_infusion))


def _sample_on(samples: Iterable[Sample], day: float | None) -> Sample | None:
    return next((sample for sample in samples if sample.day == day), None)


def _kind(samples: Iterable[Sample]) -> IntervalKind:
    """Return what the intervals of all samples cover; TOTAL where they differ."""
    kinds = {sample.ci_kind for sample in samples if sample.low is not None}
    return kinds.pop() if len(kinds) == 1 else (IntervalKind.TOTAL if kinds else IntervalKind.NONE)


def _value(sample: Sample | None, unit: Unit, nothing: Reason) -> Measure:
    if sample is None:
        return Measure.missing(unit, nothing)
    if sample.low is None or sample.high is None:
        return Measure(unit=unit, value=sample.value, reason=Reason.NO_COUNTS)
    return Measure(
        unit=unit, value=sample.value, low=sample.low, high=sample.high, ci_kind=sample.ci_kind
    )


def _day(sample: Sample | None, nothing: Reason) -> Measure:
    if sample is None:
        return Measure.missing(Unit.DAY, nothing)
    return Measure(unit=Unit.DAY, value=sample.day)
