"""A plan as the tables that ``carflow/compiled/surely.c`` goes by; nothing is called here.

Every bound, guard, cell and slack is the plan's own. The layouts are those of the structs of the
same names in ``program.h``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from carflow.gating.raster import CUT, raster
from carflow.gating.regions import Region
from carflow.gating.shapes import Boolean, Polygon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carflow.fcs.block import Block
    from carflow.gating.bounds import LinearBounds
    from carflow.gating.plan import Node, Plan
    from carflow.gating.raster import Axis, Raster
    from carflow.gating.sources import Source

STORED, SCALED, DYE = range(3)
EVERY, BETWEEN, POLYGON = range(3)
OPERATIONS = {"and": 3, "or": 4, "not": 5}
NONE = -1

COLUMN = np.dtype([("kind", "i4"), ("place", "i4"), ("factor", "f8")])
BOUNDS = np.dtype(
    [("column", "i4"), ("unused", "i4")]
    + [(name, "f8") for name in ("low", "low_guard", "high", "high_guard")]
)
AXIS = np.dtype(
    [
        ("count", "i4"),
        ("unused", "i4"),
        ("step", "f4"),
        ("offset", "f4"),
        ("slack", "f8"),
        ("table", "u8"),
    ]
)
CELLS = np.dtype(
    [(name, "i4") for name in ("x", "y", "is_exact", "unused")]
    + [("axes", AXIS, (2,)), ("classes", "u8"), ("coarse", "u8"), ("coarse_width", "i8")]
    + [("edges", "u8")]
)
NODE = np.dtype(
    [
        (name, "i4")
        for name in (
            "parent", "test", "outside", "first", "count", "followed", "packed", "unused",
        )
    ]
)  # fmt: skip
OPERAND = np.dtype([("node", "i4"), ("outside", "i4")])
PROGRAM = np.dtype(
    [
        (name, "i4")
        for name in (
            "n_stored", "n_columns", "n_detectors", "n_nodes", "n_judged", "time", "time_node",
            "unused",
        )
    ]
    + [
        (name, "u8")
        for name in (
            "columns", "detectors", "weights", "sizes", "bounds", "polygons", "operands", "nodes",
            "judged", "column_of",
        )
    ]
)  # fmt: skip

Table = NDArray[Any]  # of numbers, or of the records above


class UnknownTestError(Exception):
    """The plan asks for what only `carflow.gating.rows` can answer; told to nobody."""


class Tables:
    """The tables of one plan for blocks of one kind, and the memory they lie in.

    Parameters
    ----------
    steps : Plan
        The plan.
    block : Block
        A block of the tube.
    slacks : mapping of Source to float
        How far the values of each dye may be off for the cells of polygons to be right.
    packed : mapping of int to int
        Which populations are wanted as bits, and in which row of them.
    time_node : int
        The population whose span of time is wanted; -1 for none.

    Raises
    ------
    UnknownTestError
        If the compiled part does not know a test or a column.
    """

    def __init__(
        self,
        steps: Plan,
        block: Block,
        slacks: Mapping[Source, float],
        packed: Mapping[int, int],
        *,
        time_node: int,
    ) -> None:
        records = block.records
        stored = {name: block.stored(name) for name in steps.channels}
        self._places = {name: found for name, found in stored.items() if found is not None}
        # also where only a median asks for it: doubtful events are made of records alone
        if records is None or len(self._places) < len(stored):
            raise UnknownTestError
        self._steps, self._slacks = steps, slacks
        self._columns: list[tuple[int, int, float]] = []
        self._numbers: dict[object, int] = {}
        self._bounds: list[tuple[int, int, float, float, float, float]] = []
        self._polygons: list[tuple[object, ...]] = []
        self._operands: list[tuple[int, int]] = []
        self._kept: list[Table] = []
        detectors = [self._stored(name) for name in steps.dyes.detectors]
        factors = [abs(self._columns[number][2]) for number in detectors]
        parents = {node.parent for node in steps.nodes}
        nodes = [
            (*self._node(node), number in parents, packed.get(number, NONE), 0)
            for number, node in enumerate(steps.nodes)
        ]
        judged = [self._places[name][0] for name in steps.judged]
        clock = steps.time_channel
        time = NONE if clock is None else self._places[clock][0]
        sizes = (
            records.shape[1], len(self._columns), len(detectors), len(nodes), len(judged), time,
            time_node, 0,
        )  # fmt: skip
        columns = np.array(self._columns, dtype=COLUMN)
        tables = (
            columns,
            np.array(detectors, dtype=np.int32),
            steps.dyes.weights,
            np.ascontiguousarray(steps.dyes.sizes.T * factors, dtype=np.float64),
            np.array(self._bounds, dtype=BOUNDS),
            np.array(self._polygons, dtype=CELLS),
            np.array(self._operands, dtype=OPERAND),
            np.array(nodes, dtype=NODE),
            np.array(judged, dtype=np.int32),
            _column_of(columns, records.shape[1]),
        )
        self.program = np.array((*sizes, *map(self._address, tables)), dtype=PROGRAM)

    def _address(self, table: Table) -> int:
        """Return where a table begins, and keep it there for as long as these tables live."""
        self._kept.append(table)
        return table.ctypes.data

    def _stored(self, channel: str) -> int:
        """Return the number of a column that is stored, with a factor of its own or without."""
        if channel not in self._numbers:
            place, factor = self._places[channel]
            kind = STORED if factor == 1.0 else SCALED
            self._numbers[channel] = self._column(kind, place, factor)
        return self._numbers[channel]

    def _number(self, source: Source) -> int:
        """Return the number of the column of a source."""
        if source.ratio is not None:
            raise UnknownTestError
        if not source.weights:
            return self._stored(source.channel)
        if source not in self._numbers:
            self._numbers[source] = self._column(DYE, self._steps.dyes.all.index(source), 1.0)
        return self._numbers[source]

    def _column(self, kind: int, place: int, factor: float) -> int:
        self._columns.append((kind, place, factor))
        return len(self._columns) - 1

    def _node(self, node: Node) -> tuple[int, int, bool, int, int]:
        """Return the parent of a node and its test, as the first fields of a `NODE`."""
        if not node.test:
            return node.parent, EVERY, False, 0, 0
        if isinstance(node.test, Boolean):
            first = len(self._operands)
            outside = [operand.outside for operand in node.test.operands]
            self._operands += zip(node.operands, outside, strict=True)
            test, count = OPERATIONS[node.test.operation], len(outside)
        elif isinstance(node.test, Region):
            first, test, count = len(self._polygons), POLYGON, 1
            self._polygons.append(self._cells(node.test, node.sources))
        else:
            first, test, count = len(self._bounds), BETWEEN, len(node.test)
            for bounds, source in zip(node.test, node.sources, strict=True):
                self._bounds.append((self._number(source), 0, *_with_guards(bounds)))
        return node.parent, test, node.outside, first, count

    def _cells(self, region: Region, sources: tuple[Source, ...]) -> tuple[object, ...]:
        if not region.rastered or not isinstance(region.shape, Polygon):
            raise UnknownTestError
        slacks = tuple(self._slacks.get(source, 0.0) for source in sources)
        cells = raster(region.shape, *region.scales, slack=slacks)
        numbers = [self._number(source) for source in sources]
        is_exact = all(scale.kind == "identity" for scale in region.scales) and all(
            self._columns[number][0] == STORED for number in numbers
        )
        axes = [self._axis(*one) for one in zip((cells.x, cells.y), slacks, strict=True)]
        coarse, edges = _coarse(cells), np.ascontiguousarray(cells.edges.T)
        return (
            *numbers, is_exact, 0, axes,
            self._address(cells.classes), self._address(coarse), coarse.shape[1],
            self._address(edges),
        )  # fmt: skip

    def _axis(self, axis: Axis, slack: float) -> tuple[float, ...]:
        table = 0 if axis.table is None else self._address(_short(axis))
        return len(axis.first), 0, axis.step, axis.offset, slack, table


@lru_cache(maxsize=256)
def _short(axis: Axis) -> Table:
    """Return the table of an axis in 16 bits."""
    return np.asarray(axis.table, dtype=np.uint16)


@lru_cache(maxsize=128)
def _coarse(cells: Raster) -> Table:
    """Return OUTSIDE, INSIDE or CUT of four by four cells in one number each, (a, b) of 32 bits.

    Two bits for each cell, those of one row side by side, the first the lowest.
    """
    n_across, n_up = len(cells.x.first), len(cells.y.first)
    classes = np.zeros((-(-n_across // 4) * 4, -(-n_up // 4) * 4), dtype=np.uint32)
    classes[:n_across, :n_up] = np.minimum(cells.classes.reshape(n_across, n_up), CUT)
    fours = classes.reshape(classes.shape[0] // 4, 4, classes.shape[1] // 4, 4)
    places = np.arange(0, 32, 2, dtype=np.uint32).reshape(4, 1, 4)
    coarse: Table = np.bitwise_or.reduce(fours << places, axis=(1, 3))
    return coarse


def _column_of(columns: Table, n_stored: int) -> Table:
    """Return which column is made of each place of a record; two of one place are not known."""
    column_of = np.full(n_stored, NONE, dtype=np.int32)
    stored = np.flatnonzero(columns["kind"] != DYE)
    column_of[columns["place"][stored]] = stored
    if np.count_nonzero(column_of != NONE) < len(stored):
        raise UnknownTestError
    return column_of


def _with_guards(bounds: LinearBounds) -> tuple[float, float, float, float]:
    low, high = bounds.low, bounds.high
    return low.linear, low.guard, high.linear, high.guard
