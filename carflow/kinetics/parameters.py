"""Every kinetic parameter by name: its label and what it is, for tables and documentation."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Parameter(NamedTuple):
    """What a parameter is called in a table, and what it is."""

    label: str
    description: str


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "cmax": Parameter("Cmax", "first highest quantified value inside the search window"),
        "tmax": Parameter("Tmax, day", "the sampling day of Cmax"),
        "tmax_last_tie": Parameter("Tmax, last tie", "the last day with the same value as Cmax"),
        "cmax_global": Parameter("Cmax, all days", "highest value after the infusion"),
        "tmax_global": Parameter("Tmax, all days", "the sampling day of Cmax, all days"),
        "clast": Parameter("Clast", "last quantified value"),
        "tlast": Parameter("Tlast, day", "the day of Clast"),
        "tfirst": Parameter("First detected, day", "first day with anything detected"),
        "tlag": Parameter("Tlag, day", "last sample before the first quantified one, else 0"),
        "auc_last": Parameter("AUC to Tlast", "area from the infusion to Tlast"),
        "auc_all": Parameter(
            "AUC, all samples", "AUC to Tlast and the triangle to the first value below the limit"
        ),
        "auc_0_28": Parameter("AUC day 0–28", "area of the first 28 days, interpolated at day 28"),
        "auc_0_84": Parameter("AUC day 0–84", "area of the first 84 days, interpolated at day 84"),
        "auc_0_180": Parameter("AUC day 0–180", "area of 180 days, interpolated at day 180"),
        "lambda_z": Parameter("λz", "rate of the last decline the data show"),
        "half_life": Parameter("Half-life of the last decline", "ln 2 / λz"),
        "t_bql": Parameter("First below limit, day", "first day below the limit after Tmax"),
        "t_bql_confirmed": Parameter(
            "Persistence ends, day", "first of two consecutive days below the limit after Tmax"
        ),
        "expansion_rate": Parameter(
            "Expansion rate", "steepest slope of ln(value) over three or more values up to Tmax"
        ),
        "expansion_rate_at_least": Parameter(
            "Expansion rate, at least",
            "slope from the last value below the limit, at its limit, to the first quantified one",
        ),
        "doubling_time": Parameter("Doubling time", "ln 2 / expansion rate"),
        "fold_first": Parameter("Fold over first", "Cmax / first quantified value"),
        "fold_nadir": Parameter("Fold over nadir", "Cmax / lowest quantified value before it"),
        "fold_dose": Parameter("Fold over dose", "Cmax / theoretical value on day 0"),
        "population_doublings": Parameter(
            "Population doublings", "log2 of Cmax / first quantified value"
        ),
        "contraction_rate": Parameter(
            "Contraction rate", "decline from Tmax to 21 days later, day 35 at most"
        ),
        "contraction_half_life": Parameter("Contraction half-life", "ln 2 / contraction rate"),
    }
)
"""In no order of tables: a table has the order of its own parameters."""
