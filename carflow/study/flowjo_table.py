"""FlowJo's table of statistics, as exported: which column says what, which rows are samples.

A column is headed ``Lymphocytes/CD3+/CAR+ | Freq. of Parent``: the path of a population, a bar,
the statistic. Percentages are printed with `` %`` behind, missing ones as ``n/a``, and below the
samples stand rows named Mean and SD, which are no samples.

Decision: a day is never read out of a sample's name. "D7" is day 7 where the infusion is day 0
and day 6 where it is day 1; the table needs a column ``day``, or the caller names the days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.study.rows import Row

_SUMMARIES = frozenset(
    {
        "mean", "sd", "std dev", "stddev", "std. dev.", "standard deviation", "median", "cv", "%cv",
        "sem", "min", "max", "minimum", "maximum", "geometric mean", "mode", "n",
        "coefficient of variation", "standard error", "variance", "geo. mean", "geomean", "sum",
        "robust sd", "robust cv", "mad",
    }
)  # fmt: skip
_OF_PARENT = "freq. of parent"
_OF_GRANDPARENT = "freq. of grandparent"
_OF_TOTAL = "freq. of total"
_FREQUENCY = "freq. of "
_COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """One column of statistics: `name` as exported, `population` its path, `kind` lower case.

    Examples
    --------
    >>> column = statistic_of("Lymphocytes/CD3+/CAR+ | Freq. of Parent")
    >>> column.population, column.is_percentage, column.whole
    ('Lymphocytes/CD3+/CAR+', True, 'Lymphocytes/CD3+')
    """

    name: str
    population: str
    kind: str

    @property
    def is_percentage(self) -> bool:
        """Whether the column holds percentages."""
        return self.kind.startswith(_FREQUENCY)

    @property
    def is_curve(self) -> bool:
        """Whether the column may be followed over days; intensities and spreads may not."""
        return self.is_percentage or self.kind == _COUNT

    @property
    def whole(self) -> str | None:
        """The path of the population it is a percentage of; "" for all events, None if unknown."""
        path = self.population.split("/")
        if self.kind == _OF_PARENT:
            return "/".join(path[:-1])
        if self.kind == _OF_GRANDPARENT:
            return "/".join(path[:-2])
        if self.kind == _OF_TOTAL:
            return ""
        named = self.kind.removeprefix(_FREQUENCY)
        folded = [part.strip().casefold() for part in path]
        if self.is_percentage and named in folded:
            return "/".join(path[: len(folded) - folded[::-1].index(named)])
        return None


def statistic_of(name: str) -> Statistic | None:
    """Return what the heading of a column says, None where it is no statistic of FlowJo."""
    population, bar, kind = name.rpartition("|")
    if not bar or not population.strip() or not kind.strip():
        return None
    return Statistic(
        name=" ".join(name.split()),
        population=population.strip(),
        kind=" ".join(kind.split()).casefold(),
    )


def without_summaries(rows: Sequence[Row], column: str) -> tuple[Row, ...]:
    """Return the rows without the Mean, SD and other summary rows at the end.

    A sample of such a name further up is a sample.
    """
    last = len(rows)
    while last and _summary(rows[last - 1], column):
        last -= 1
    return tuple(rows[:last])


def _summary(row: Row, column: str) -> bool:
    return row.cells.get(column, "").casefold().rstrip(": ") in _SUMMARIES


def count_columns(statistics: Sequence[Statistic]) -> Mapping[str, str]:
    """Return the column with the events of each population, by its path in lower case."""
    return {
        one.population.casefold(): one.name.casefold() for one in statistics if one.kind == _COUNT
    }
