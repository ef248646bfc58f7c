"""The kinetic parameters of a table's curve, by rules given as words; nothing new is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from carflow.errors import AnalysisError
from carflow.kinetics.auc import AucRule, BlqRule
from carflow.kinetics.nca import nca
from carflow.kinetics.slope import Order
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carflow.measure import Measure
    from carflow.study.value_table import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """The rules of `carflow.kinetics.nca.nca` as words, and what is asked for besides.

    `ends` are the last days of areas that begin on day 0, `above` a threshold.
    """

    lloq: float | None = None
    auc: str = "linear-up log-down"
    blq: str = "zero/drop/zero"
    slope: str = "winnonlin"
    ends: tuple[float, ...] = (28.0,)
    above: float | None = None

    def check(self) -> None:
        """Refuse words that name no rule.

        Raises
        ------
        AnalysisError
            With the rules there are.

        Examples
        --------
        >>> TableRules(auc="log").check()
        Traceback (most recent call last):
        ...
        carflow.errors.AnalysisError: "log" is no rule for areas (there are: linear, linear-up \
log-down, lin-log, log-up log-down)
        """
        if self.auc not in list(AucRule):
            raise AnalysisError(
                f'"{self.auc}" is no rule for areas', hint=f"there are: {', '.join(AucRule)}"
            )
        if self.slope not in get_args(Order):
            known = ", ".join(get_args(Order))
            raise AnalysisError(f'"{self.slope}" is no rule for slopes', hint=f"there are: {known}")
        try:
            BlqRule.named(self.blq)
        except ValueError as error:
            raise AnalysisError(str(error)) from None
        numbers = [("the limit of quantification", self.lloq), ("the threshold", self.above)]
        numbers += [("the end of an area", end) for end in self.ends]
        for name, number in numbers:
            if number is not None and not number > 0:
                raise AnalysisError(f"{name} lies above 0, got {number:g}")


def told_parameters(values: Series, *, rules: TableRules) -> Mapping[str, Measure]:
    """Return the parameters of one curve of a table by name.

    Raises
    ------
    AnalysisError
        If the values do not bear the rules, for example half a limit nobody stated.
    """
    limits = [rules.lloq if below is None else below for below in values.below]
    try:
        found = nca(
            values.days,
            values.values,
            lloq=limits,
            states=values.states,
            lows=values.lows,
            highs=values.highs,
            n_denominator=values.n_denominators or None,
            unit=Unit.PERCENT if values.is_percentage else Unit.NONE,
            auc_rule=rules.auc,
            blq_rule=rules.blq,
            slope_rule=rules.slope,  # type: ignore[arg-type]  # checked by `check`
        )
    except ValueError as error:
        whose = ", ".join(filter(None, (values.subject_id, values.quantity)))
        problem = AnalysisError(str(error))
        raise problem.at(whose) if whose else problem from None
    told = dict(found.parameters())
    told |= {f"auc_0_{end:g}": found.auc(0.0, end) for end in rules.ends}
    if rules.above is not None:
        told[f"days_above_{rules.above:g}"] = found.time_above(rules.above)
    return told
