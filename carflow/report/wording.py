"""How a number, a day and a reason are printed; figures and page use the same words.

Rounding happens here and nowhere else: tables for machines keep every digit. Decimals come from
the declaration of the quantity.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.measure import IntervalKind, State
from carflow.quantify.declarations import DECLARATIONS
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from carflow.measure import Measure
    from carflow.quantify.quantity import Quantity

MISSING = "–"
_MINUS = "−"
_SUPERSCRIPTS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
_STATES = {
    State.QUANT: "",
    State.DET_BLQ: "detected, below LLOQ",
    State.ND: "not detected",
    State.NE: "not evaluable",
    State.MISSING: "not sampled",
    State.EXCLUDED: "excluded",
}
_INTERVALS = {
    IntervalKind.NONE: "",
    IntervalKind.COUNTING: "counting",
    IntervalKind.TOTAL: "counting, blood count, beads and assay",
}
_DIGITS_BY_UNIT = {
    Unit.PERCENT: 2,
    Unit.CELLS_PER_UL: 2,
    Unit.COPIES_PER_UG: 0,
    Unit.DAY: 1,
    Unit.PER_DAY: 3,
    Unit.COPIES_DAY_PER_UG: 0,
}


def number(value: float, digits: int) -> str:
    """Return a number with `digits` decimals; what would round to 0 is printed as "< …".

    Examples
    --------
    >>> number(69.94, 2), number(120000, 0), number(0.003, 2), number(-1.5, 1)
    ('69.94', '120,000', '< 0.01', '−1.5')
    """
    text = f"{abs(value):,.{digits}f}"
    if value and not any(digit in text for digit in "123456789"):
        least = 10.0**-digits
        return f"< {least:.{digits}f}" if value > 0 else f"> {_MINUS}{least:.{digits}f}"
    return _MINUS + text if value < 0 else text


def count(events: int | None) -> str:
    """Return a number of events with separators, or a dash where there is none.

    Examples
    --------
    >>> count(6994), count(None)
    ('6,994', '–')
    """
    return MISSING if events is None else f"{events:,d}"


def day_number(day: float) -> str:
    """Return a day as it is printed on an axis.

    Examples
    --------
    >>> day_number(-1.0), day_number(0.5), day_number(28.0)
    ('−1', '0.5', '28')
    """
    return f"{day:g}".replace("-", _MINUS)


def day_range(start: float, stop: float) -> str:
    """Return a span of days, open where it ends at infinity.

    Examples
    --------
    >>> day_range(7, 14), day_range(12, 12), day_range(21, float("inf"))
    ('7–14', '12', 'open after 21')
    """
    if math.isinf(stop):
        return f"open after {day_number(start)}"
    if start == stop:
        return day_number(start)
    return f"{day_number(start)}–{day_number(stop)}"


def superscript(label: str) -> str:
    """Return an axis label with a typographic power of ten.

    Examples
    --------
    >>> superscript("10^3"), superscript("-10^3"), superscript("1e5"), superscript("0")
    ('10³', '−10³', '10⁵', '0')
    """
    sign = _MINUS if label.startswith(("-", _MINUS)) else ""
    plain = label.lstrip("-" + _MINUS)
    for start in ("10^", "10**", "1e+", "1e"):
        power = plain.removeprefix(start).strip("{}")
        if plain.startswith(start) and power.lstrip("-").isdigit():
            return f"{sign}10{str(int(power)).translate(_SUPERSCRIPTS)}"
    return sign + plain


def power_of_ten(exponent: int) -> str:
    """Return a decade as it is printed on a log axis: 0.1, 1, 10, then powers.

    Examples
    --------
    >>> [power_of_ten(exponent) for exponent in (-3, -1, 0, 2, 5)]
    ['10⁻³', '0.1', '1', '100', '10⁵']
    """
    if -2 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def digits_of(name: str, unit: Unit) -> int:
    """Return the decimals of a quantity: its declaration's, else those of its unit."""
    declaration = DECLARATIONS.get(name)
    if declaration is not None and declaration.unit == unit:
        return declaration.digits
    return _DIGITS_BY_UNIT.get(unit, 2)


def label_of(name: str) -> str:
    """Return the label of a quantity, or its name where it is not declared.

    Examples
    --------
    >>> label_of("car_pct_cd3"), label_of("car_pct_home_made")
    ('CAR+ of CD3+', 'car_pct_home_made')
    """
    declaration = DECLARATIONS.get(name)
    return name if declaration is None else declaration.label


def value_text(measure: Measure, digits: int) -> str:
    """Return the value alone, a dash where there is none."""
    return MISSING if measure.value is None else number(measure.value, digits)


def interval_text(measure: Measure, digits: int) -> str:
    """Return the 95 % interval in brackets, an upper limit alone as "≤", or nothing.

    Examples
    --------
    >>> from carflow.measure import Measure
    >>> interval_text(Measure(unit=Unit.PERCENT, value=5.0, low=4.0, high=6.25), 2)
    '[4.00, 6.25]'
    """
    if measure.high is None:
        return ""
    if measure.low is None:
        return f"≤ {number(measure.high, digits)}"
    return f"[{number(measure.low, digits)}, {number(measure.high, digits)}]"


def covered_by(measure: Measure) -> str:
    """Return in words what the interval of a measure covers."""
    return _INTERVALS[measure.ci_kind]


def state_words(measure: Measure) -> str:
    """Return the state of a limited number in words; nothing for a quantified one.

    Examples
    --------
    >>> from carflow.measure import Measure
    >>> from carflow.reasons import Reason
    >>> state_words(Measure.missing(Unit.PERCENT, Reason.ZERO_PARENT))
    'not evaluable'
    """
    if measure.reason is Reason.LAB_BELOW_LIMIT:
        return "below its limit"
    return _STATES[measure.state]


def limit_text(quantity: Quantity) -> str:
    """Return the limit that a number below it was held against, to go after `state_words`.

    Examples
    --------
    >>> from carflow.measure import Measure
    >>> from carflow.quantify.quantity import Quantity
    >>> from carflow.reasons import Reason
    >>> blq = Measure(unit=Unit.PERCENT, value=0.3, state=State.DET_BLQ, reason=Reason.BELOW_LLOQ)
    >>> limit_text(Quantity(name="car_pct_cd3", method="flow", measure=blq, lloq=0.5))
    ' 0.50'
    """
    measure = quantity.measure
    digits = digits_of(quantity.name, measure.unit)
    if measure.state is State.DET_BLQ and quantity.lloq is not None:
        return f" {number(quantity.lloq, digits)}"
    if measure.state is State.ND and quantity.lod is not None:
        return f", LOD {number(quantity.lod, digits)}"
    return ""
