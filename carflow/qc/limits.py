"""How a number is judged by a limit: below, above, within; no limit and no check lives here.

The limits themselves are in `carflow.thresholds`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Below:
    """Warn below one number, fail below a smaller one.

    Examples
    --------
    >>> enough = Below(20_000, 5_000)
    >>> str(enough.severity(4_999)), str(enough.severity(20_000))
    ('fail', 'pass')
    >>> print(enough, "|", Below(80.0, 50.0, unit="%"))
    warn < 20,000, fail < 5,000 | warn < 80 %, fail < 50 %
    """

    warn: float
    fail: float
    unit: str = ""

    def severity(self, value: float) -> Severity:
        """Return how grave `value` is."""
        if value < self.fail:
            return Severity.FAIL
        return Severity.WARN if value < self.warn else Severity.PASS

    def __str__(self) -> str:
        if self.unit:
            return f"warn < {self.warn:g} {self.unit}, fail < {self.fail:g} {self.unit}"
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


@dataclass(frozen=True, slots=True)
class Within:
    """Warn below one number and above another.

    Examples
    --------
    >>> ratio = Within(0.67, 1.5)
    >>> str(ratio.severity(0.5)), str(ratio.severity(1.5))
    ('warn', 'pass')
    >>> print(ratio)
    warn outside 0.67 to 1.5
    """

    low: float
    high: float
    unit: str = ""

    def severity(self, value: float) -> Severity:
        """Return how grave `value` is."""
        return Severity.PASS if self.low <= value <= self.high else Severity.WARN

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"warn outside {self.low:g} to {self.high:g}{unit}"


def gravest(severities: Iterable[Severity]) -> Severity:
    """Return the gravest of several severities, PASS for none.

    Examples
    --------
    >>> str(gravest([Severity.PASS, Severity.WARN]))
    'warn'
    """
    return min(severities, key=lambda severity: severity.rank, default=Severity.PASS)
