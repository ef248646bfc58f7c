"""Every threshold of the checks, with its default and where it comes from; no check lives here.

Decision: the limits are one frozen value and not constants beside the checks, because they
belong to the laboratory (guidelines give few of them) and are written into ``run.json``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from carflow.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class QcLimits:
    """When a check warns and when it fails. ``dataclasses.asdict`` gives plain numbers.

    Counts warn and fail *below* their limit, all other numbers *above* it.

    Parameters
    ----------
    events_warn, events_fail : int
        All events of a tube. Source: own choice.
    cd3_events_warn, cd3_events_fail : int
        CD3+ events, the denominator of ``car_pct_cd3``. Counting statistics: 25 CAR+ events
        (CV 20 %) are 1 % of 2,500 and 5 % of 500.
    bead_events_warn, bead_events_fail : int
        Bead events, where the sheet gives a bead number. Counting statistics: 1,000 events
        have a CV of 3.2 %, 400 of 5 %; 1,000 is also the customary minimum for counting beads.
    saturation_warn_pct, saturation_fail_pct : float
        Events at the upper end of a channel's range [% of events]. Source: own choice.
    target_saturation_warn_pct, target_saturation_fail_pct : float
        The same for the channels the CD3 and CAR gates lie on. Source: own choice.
    nonfinite_warn_pct, nonfinite_fail_pct : float
        Events with a value that is not a number [% of events]. A sound file has none.
    condition_number_warn, condition_number_fail : float
        Condition number of the spillover matrix: how much compensation enlarges errors.
        Source: own choice; at 10⁸ single-precision values have no digit left.
    spillover_warn : float
        Largest spillover coefficient off the diagonal. Above 1 a dye is brighter in a
        foreign detector than in its own. Source: own choice.
    matrix_difference_warn, matrix_difference_fail : float
        Largest difference of a spillover coefficient to the usual matrix of the panel.
        Source: own choice; 0.01 moves a negative by 1 % of the brightness of the other dye.
    voltage_warn_v, voltage_fail_v : float
        Difference of a detector voltage to the usual one [V]. Any difference is worth a
        look; a drift of 32 V inside a tolerance of 50 V has moved CD4 and CD8 by 18 %
        (reported by Cytomaton on cytometer set-up and tracking).
    range_ratio_warn, range_ratio_fail : float
        Ratio of a channel's range or gain to the usual one, the larger over the smaller.
        Software that writes 262,143 for 262,144 warns; another scale fails.
    reversed_fail_days : float
        A later day acquired this much before an earlier one [d]. Half a day, so that frozen
        samples run together in one session warn and do not fail.
    gap_warn_days : float
        Days between two tubes against days between their acquisitions [d]. A day of shipping
        and a visit that lasted from morning to evening pass.

    Raises
    ------
    ValueError
        If a limit is negative or not finite, or warns later than it fails.

    Examples
    --------
    >>> QcLimits(events_fail=1_000).events_fail
    1000
    >>> QcLimits(events_warn=10, events_fail=20)
    Traceback (most recent call last):
    ...
    ValueError: events_warn 10 and events_fail 20: a check has to warn before it fails
    """

    events_warn: int = 20_000
    events_fail: int = 5_000
    cd3_events_warn: int = 2_500
    cd3_events_fail: int = 500
    bead_events_warn: int = 1_000
    bead_events_fail: int = 400
    saturation_warn_pct: float = 1.0
    saturation_fail_pct: float = 5.0
    target_saturation_warn_pct: float = 0.5
    target_saturation_fail_pct: float = 2.0
    nonfinite_warn_pct: float = 0.0
    nonfinite_fail_pct: float = 1.0
    condition_number_warn: float = 50.0
    condition_number_fail: float = 1e8
    spillover_warn: float = 1.0
    matrix_difference_warn: float = 0.01
    matrix_difference_fail: float = 0.05
    voltage_warn_v: float = 0.0
    voltage_fail_v: float = 10.0
    range_ratio_warn: float = 1.0
    range_ratio_fail: float = 1.01
    reversed_fail_days: float = 0.5
    gap_warn_days: float = 1.5

    def __post_init__(self) -> None:
        for field in fields(self):
            number = getattr(self, field.name)
            if not math.isfinite(number) or number < 0:
                raise ValueError(f"{field.name} has to be a number from 0 upwards, got {number!r}")
        for field in fields(self):
            if "_warn" in field.name:
                self._check_pair(field.name)

    def _check_pair(self, warn_name: str) -> None:
        fail_name = warn_name.replace("_warn", "_fail")
        warn, fail = getattr(self, warn_name), getattr(self, fail_name, None)
        if fail is None:
            return
        if (warn < fail) if "events_" in warn_name else (warn > fail):
            raise ValueError(
                f"{warn_name} {warn} and {fail_name} {fail}: a check has to warn before it fails"
            )


@dataclass(frozen=True, slots=True)
class Below:
    """Warn below one number, fail below a smaller one.

    Examples
    --------
    >>> enough = Below(20_000, 5_000)
    >>> str(enough.severity(4_999)), str(enough.severity(20_000))
    ('fail', 'pass')
    >>> print(enough)
    warn < 20,000, fail < 5,000
    """

    warn: float
    fail: float

    def severity(self, value: float) -> Severity:
        """Return how grave `value` is."""
        if value < self.fail:
            return Severity.FAIL
        return Severity.WARN if value < self.warn else Severity.PASS

    def __str__(self) -> str:
        return f"warn < {self.warn:,}, fail < {self.fail:,}"


@dataclass(frozen=True, slots=True)
class Above:
    """Warn above one number, fail above a larger one (without one: never).

    Examples
    --------
    >>> saturated = Above(1.0, 5.0, unit="%")
    >>> str(saturated.severity(5.0)), str(saturated.severity(5.1))
    ('warn', 'fail')
    >>> print(saturated)
    warn > 1 %, fail > 5 %
    """

    warn: float
    fail: float = math.inf
    unit: str = ""

    def severity(self, value: float) -> Severity:
        """Return how grave `value` is."""
        if value > self.fail:
            return Severity.FAIL
        return Severity.WARN if value > self.warn else Severity.PASS

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        fail = f", fail > {self.fail:g}{unit}" if math.isfinite(self.fail) else ""
        return f"warn > {self.warn:g}{unit}{fail}"


def gravest(severities: Iterable[Severity]) -> Severity:
    """Return the gravest of several severities, PASS for none.

    Examples
    --------
    >>> str(gravest([Severity.PASS, Severity.WARN]))
    'warn'
    """
    return min(severities, key=lambda severity: severity.rank, default=Severity.PASS)
