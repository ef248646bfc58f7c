"""Everything gathered from a tube, and the gating of its events block by block.

Each population is tested on its parent's events alone, and a column is compensated or scaled
only for events that reached a gate that needs it. Every step works on single events, so the
size of blocks cannot change an answer. No file is read here.

Events with a value that is no number in a column the gates use are set aside first: they are
in no population, not even in a complement, and in no denominator. They are counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.cleaning.events import finite_events
from carflow.gating.gated import Counts, Gated
from carflow.gating.plan import Node, Plan
from carflow.gating.regions import Region
from carflow.gating.rows import Rows
from carflow.gating.selection import Selection
from carflow.gating.shapes import Boolean, Membership
from carflow.gating.strategy import ALL_EVENTS, Plot, Role, Strategy
from carflow.gating.tallies import DensityTally, MaskTally, MedianTally, SpanTally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from carflow.fcs.block import Block
    from carflow.gating.tube import Tube

ALL = -1  # the number of "all events" where populations are numbered


@dataclass(slots=True, kw_only=True)
class TubeTally:
    """Everything gathered from a tube; populations go by their number."""

    steps: Plan
    counts: list[int]
    followed: frozenset[int]  # whose rows are needed: by children, booleans, medians, densities
    n_nonfinite: int = 0
    packed: NDArray[np.uint8] | None  # (k, ceil(n / 8)) bits of all populations
    masks: list[MaskTally] = field(default_factory=list)
    medians: list[tuple[int, str, MedianTally]] = field(default_factory=list)
    densities: list[tuple[int, DensityTally]] = field(default_factory=list)
    span: SpanTally | None = None
    gate_span: tuple[int, SpanTally] | None = None

    def add(self, block: Block, at: int | NDArray[np.intp]) -> None:
        """Gate one block, which begins at an event of the file, or holds the events of numbers."""
        steps = self.steps
        rows = Rows(block, steps.dyes)
        if self.span is not None:
            self.span.add(rows)
        rows = _believed(rows, block, steps)
        self.n_nonfinite += block.n_events - len(rows)
        populations = {ALL: Selection(rows)}
        for number, node in enumerate(steps.nodes):
            parent = populations[node.parent]
            inside = _inside(parent, node, populations)
            here = parent if inside is None else parent.within(inside, pick=number in self.followed)
            populations[number] = here
            self.counts[number] += len(here)
            if self.masks:
                self.masks[number].add(here.members, at)
        self.add_drawn(lambda number: populations[number].picked())
        if self.gate_span is not None:
            self.gate_span[1].add(populations[self.gate_span[0]].picked())

    @property
    def drawn(self) -> frozenset[int]:
        """The populations whose values are gathered."""
        return frozenset([one[0] for one in self.medians] + [one[0] for one in self.densities])

    def add_drawn(self, rows: Callable[[int], Rows]) -> None:
        """Gather the values of one block from the rows of each population."""
        for number, _, median in self.medians:
            median.add(rows(number))
        for number, density in self.densities:
            density.add(rows(number))

    def gated(self, tube: Tube, strategy: Strategy) -> Gated:
        """Return what was gathered, by name."""
        steps = self.steps
        names = strategy.short_names()
        medians: dict[str, dict[str, float]] = {}
        robust_sds: dict[str, dict[str, float]] = {}
        for number, marker, tally in self.medians:
            found = tally.centre_and_spread()
            if found is not None:
                medians.setdefault(names[number], {})[marker] = found[0]
                robust_sds.setdefault(names[number], {})[marker] = found[1]
        return Gated(
            strategy=strategy,
            n_events=tube.n_events,
            n_nonfinite=self.n_nonfinite,
            counts=Counts(strategy, dict(zip(names, self.counts, strict=True))),
            medians=medians,
            robust_sds=robust_sds,
            densities=tuple(tally.density() for _, tally in self.densities),
            time_span_s=None if self.span is None else self.span.span_s,
            time_gate_span_s=None if self.gate_span is None else self.gate_span[1].span_s,
            compensation=steps.state,
            uncovered=steps.uncovered,
            channels=dict(_channels(steps)),
            skipped=tuple(
                strategy.short_name(one)
                for one in strategy.populations
                if one.path in steps.skipped
            ),
            packed_masks=self._packed(names),
        )

    def _packed(self, names: Sequence[str]) -> dict[str, NDArray[np.uint8]] | None:
        if not self.masks:
            return None
        return {name: mask.packed for name, mask in zip(names, self.masks, strict=True)}


def tube_tally(
    tube: Tube,
    strategy: Strategy,
    steps: Plan,
    *,
    masks: bool,
    medians: Sequence[tuple[str, str]],
    densities: Sequence[Plot],
) -> TubeTally:
    """Return what is to be gathered from a tube, of which nothing has passed yet."""
    numbers = {one.path: number for number, one in enumerate(strategy.populations)}

    def number(name: str) -> int:
        return ALL if name == ALL_EVENTS else numbers[strategy.find(name).path]

    wanted = {number(name) for name, _ in medians}
    wanted |= {number(plot.population) for plot in densities}
    wanted |= {other for node in steps.nodes for other in (node.parent, *node.operands)}
    time_gate = strategy.role(Role.TIME)
    span = gate_span = None
    if steps.time_channel is not None:
        span = SpanTally(steps.time_channel)
        if time_gate is not None:
            gate_span = numbers[time_gate.path], SpanTally(steps.time_channel)
            wanted.add(gate_span[0])
    packed = None
    if masks:
        packed = np.zeros((len(numbers), (tube.n_events + 7) // 8), dtype=np.uint8)
    return TubeTally(
        steps=steps,
        packed=packed,
        counts=[0] * len(numbers),
        followed=frozenset(wanted),
        masks=[] if packed is None else [MaskTally(bits) for bits in packed],
        medians=[
            (number(name), marker, MedianTally(steps.sources[strategy.dimension(marker)]))
            for name, marker in medians
        ],
        densities=[
            (
                number(plot.population),
                DensityTally(plot, steps.sources[plot.x], steps.sources[plot.y]),
            )
            for plot in densities
        ],
        span=span,
        gate_span=gate_span,
    )


def _channels(steps: Plan) -> Iterator[tuple[str, str]]:
    for axis, source in steps.sources.items():
        yield axis.names[0], source.channel
        if source.over is not None:
            yield axis.names[1], source.over.channel


def _believed(rows: Rows, block: Block, steps: Plan) -> Rows:
    """Return the events whose judged columns are all numbers."""
    odd = [channel for channel in steps.judged if not block.is_finite(channel)]
    if not odd:
        return rows
    return rows.narrowed(finite_events([block.column(channel) for channel in odd]))


def _inside(
    parent: Selection, node: Node, populations: Mapping[int, Selection]
) -> Membership | None:
    """Tell for each row of the parent whether it passes the test of a gate; None if all do."""
    if not node.test:
        return None
    inside = _tested(parent.rows, node, populations)
    return ~inside if node.outside else inside


def _tested(rows: Rows, node: Node, populations: Mapping[int, Selection]) -> Membership:
    if isinstance(node.test, Boolean):
        members = [populations[number].members for number in node.operands]
        if rows.numbers is not None:
            members = [one[rows.numbers] for one in members]
        return node.test.joined(members)
    if isinstance(node.test, Region):
        return node.test.contains([rows.near(source) for source in node.sources])
    inside: Membership | None = None
    for test, source in zip(node.test, node.sources, strict=True):
        # an open lower end still leaves out what is no number, such as a ratio of 0 to 0
        if source.ratio is not None or not test.low.is_open:
            inside = _both(inside, rows.reached(source, test.low))
        if test.high.linear < math.inf:
            inside = _both(inside, ~rows.reached(source, test.high))
    return np.ones(len(rows), dtype=np.bool_) if inside is None else inside


def _both(first: Membership | None, second: Membership) -> Membership:
    return second if first is None else first & second
