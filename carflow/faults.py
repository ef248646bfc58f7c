"""Faults of acquisition, put into a simulated tube event by event, with the truth kept.

What lives here: what a clogged line, an air bubble, a laser that jumps or fades does to the
events of `carflow.simulate`. What finds them lives in `carflow.cleaning` and may never be
here, so that the truth stays independent of what measures it.

A fault multiplies the light of some channels (all light of a detector fades together, the
noise of its photons included), changes the rate, or lets cells pass the laser in pairs. Sizes
and places are drawn from the ranges that stand beside each kind.

References
----------
The kinds follow the benchmark protocols of the PeacoQC and flowClean papers: Emmaneel et al.,
Cytometry A 2022;101:325-338; Fletez-Brant et al., Cytometry A 2016;89:461-471.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.simulate import CHANNELS, RANGE, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = NDArray[np.float64]

_TIME = CHANNELS.index("Time")
_HEIGHT = CHANNELS.index("FSC-H")
# the height of a pulse is lost with its area, so it is drawn with FSC-A and never alone
_LIGHT = tuple(column for column in range(len(CHANNELS)) if column not in {_TIME, _HEIGHT})
_HEIGHT_OF_PAIR = 0.70
_BLOOD = {
    "CD4 T": 0.140,
    "CD8 T": 0.110,
    "CD4 CAR T": 0.080,
    "CD8 CAR T": 0.065,
    "B": 0.020,
    "NK": 0.048,
    "monocyte": 0.077,
    "granulocyte": 0.190,
    "dead": 0.065,
    "debris": 0.155,
}


class Fault(StrEnum):
    """What went wrong while a tube ran."""

    CLEAN = "clean"
    CLOG = "clog"
    STEP = "step"
    TAIL_STEP = "tail step"
    SPIKES = "spikes"
    START_UP = "start-up"
    SURGE = "rate surge"
    DRIFT = "slow drift"
    FAINT_STEP = "faint step"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaultyTube:
    """A tube with a fault, and the truth of every event.

    Parameters
    ----------
    events : (n, 11) array of float32
        Columns as `carflow.simulate.CHANNELS`, in acquisition order.
    is_bad : (n,) array of bool
        Events acquired while the fault lasted. Slow drift spoils no single event: all False.
    channels : tuple of str
        The channels whose light changed.
    """

    fault: Fault
    events: NDArray[np.float32]
    is_bad: NDArray[np.bool_]
    channels: tuple[str, ...]


@dataclass(slots=True)
class _Tube:
    """The tube while it is spoilt: columns, gaps between arrivals [ticks], and the truth."""

    rng: np.random.Generator
    columns: Values
    gaps: Values
    is_bad: NDArray[np.bool_]
    changed: set[int]

    @property
    def size(self) -> int:
        """Its number of events."""
        return len(self.is_bad)

    def stretch(self, shortest_pct: float, longest_pct: float) -> slice:
        """Draw a stretch of events inside the middle 15 to 90 % of the tube."""
        length = self.events(self.rng.uniform(shortest_pct, longest_pct))
        begin = int(self.rng.integers(self.events(15.0), self.events(90.0) - length))
        return slice(begin, begin + length)

    def events(self, percent: float) -> int:
        """Return a share of the tube in events, at least one."""
        return max(1, round(percent * self.size / 100.0))

    def draw_channels(self, fewest: int, most: int) -> list[int]:
        """Draw the channels a fault acts on."""
        count = int(self.rng.integers(fewest, most + 1))
        return sorted(int(c) for c in self.rng.choice(_LIGHT, size=count, replace=False))

    def fade(self, where: slice, channel: int, gain: Values | float) -> None:
        """Multiply the light of one channel."""
        self.columns[where, channel] *= gain
        if CHANNELS[channel] == "FSC-A":
            self.columns[where, _HEIGHT] *= gain
        self.changed.add(channel)


def spoil(events: NDArray[np.float32], fault: Fault, *, seed: int) -> FaultyTube:
    """Return a tube as it would be had this fault struck.

    Parameters
    ----------
    events : (n, 11) array
        A tube of `carflow.simulate.simulate_tube`, n at least 1,000; it is not changed.
    fault : Fault
        What strikes.
    seed : int
        Place, size and channels of the fault are drawn from it and from the kind of fault.

    Raises
    ------
    ValueError
        If the tube is not of the simulator's shape or too small.

    Examples
    --------
    >>> from carflow.simulate import Recipe, simulate_tube
    >>> recipe = Recipe(identity="few", counts={"CD4 T": 2_000}, doublets=0, duration_s=10.0)
    >>> tube = spoil(simulate_tube(recipe), Fault.CLOG, seed=1)
    >>> bool(0.03 <= tube.is_bad.mean() <= 0.15), len(tube.events)
    (True, 2000)
    """
    if events.ndim != 2 or events.shape[1] != len(CHANNELS) or len(events) < 1_000:
        raise ValueError(f"a fault needs (n, {len(CHANNELS)}) events, n ≥ 1000: {events.shape}")
    columns = events.astype(np.float64)
    tube = _Tube(
        rng=np.random.default_rng([seed, list(Fault).index(fault)]),
        columns=columns,
        gaps=np.diff(columns[:, _TIME], prepend=0.0),
        is_bad=np.zeros(len(events), dtype=np.bool_),
        changed=set(),
    )
    _STRIKE[fault](tube)
    seen = np.clip(tube.columns, None, RANGE - 1)
    seen[:, _TIME] = np.floor(np.cumsum(tube.gaps))
    return FaultyTube(
        fault=fault,
        events=seen.astype(np.float32),
        is_bad=tube.is_bad,
        channels=tuple(CHANNELS[channel] for channel in sorted(tube.changed)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well removed events agree with the truth.

    Parameters
    ----------
    f1, balanced_accuracy : float
        0 to 1; 0 and ½ at worst. NaN where no event is bad.
    false_removal_pct : float
        Good events that were removed [% of the good ones].
    """

    f1: float
    balanced_accuracy: float
    false_removal_pct: float


def agreement(is_bad: NDArray[np.bool_], removed: NDArray[np.bool_]) -> Agreement:
    """Compare removed events with the truth.

    Examples
    --------
    >>> truth = np.array([True, True, False, False])
    >>> agreement(truth, np.array([True, False, False, True]))
    Agreement(f1=0.5, balanced_accuracy=0.5, false_removal_pct=50.0)
    """
    n_bad, n_good = int(is_bad.sum()), int((~is_bad).sum())
    hit, wrong = int((is_bad & removed).sum()), int((~is_bad & removed).sum())
    specificity = 1.0 - wrong / n_good if n_good else 1.0
    return Agreement(
        f1=2.0 * hit / (hit + wrong + n_bad) if n_bad else float("nan"),
        balanced_accuracy=(hit / n_bad + specificity) / 2.0 if n_bad else float("nan"),
        false_removal_pct=100.0 * (1.0 - specificity),
    )


def blood_recipe(identity: str, n_events: int = 100_000, *, rate_per_s: float = 800.0) -> Recipe:
    """Return a tube of whole blood with CAR T cells, 5 % doublets, dead cells and debris.

    Parameters
    ----------
    identity : str
        Seeds the tube.
    n_events : int
        All events.
    rate_per_s : float
        Mean rate [events/s].

    Examples
    --------
    >>> recipe = blood_recipe("one", 10_000)
    >>> sum(recipe.counts.values()) + recipe.doublets
    10000
    """
    counts = {name: round(share * n_events) for name, share in _BLOOD.items()}
    return Recipe(
        identity=identity,
        counts=counts,
        doublets=n_events - sum(counts.values()),
        duration_s=n_events / rate_per_s,
    )


def _no_fault(tube: _Tube) -> None:
    del tube  # a tube without a fault stays as it is


def _clog(tube: _Tube) -> None:
    """Close the line and open it: less light, as half a wave, at a fifth of the rate."""
    where = tube.stretch(3.0, 15.0)
    course = np.sin(np.linspace(0.0, np.pi, where.stop - where.start))
    for channel in tube.draw_channels(2, 7):
        tube.fade(where, channel, 1.0 - tube.rng.uniform(0.25, 0.60) * course)
    tube.gaps[where] *= 5.0
    tube.is_bad[where] = True


def _step(tube: _Tube) -> None:
    """Let the light jump by a quarter to a half, and jump back."""
    _jump(tube, tube.stretch(8.0, 20.0), lost=(0.25, 0.50), channels=(3, 7))


def _tail_step(tube: _Tube) -> None:
    """Let the light jump and stay there to the end."""
    begin = tube.size - tube.events(tube.rng.uniform(25.0, 45.0))
    _jump(tube, slice(begin, tube.size), lost=(0.25, 0.50), channels=(3, 7))


def _faint_step(tube: _Tube) -> None:
    """Let the light of two or three channels jump by a sixth to a quarter, and back."""
    _jump(tube, tube.stretch(8.0, 20.0), lost=(0.16, 0.25), channels=(2, 3))


def _jump(
    tube: _Tube, where: slice, *, lost: tuple[float, float], channels: tuple[int, int]
) -> None:
    upwards = bool(tube.rng.integers(2))
    for channel in tube.draw_channels(*channels):
        kept = 1.0 - tube.rng.uniform(*lost)
        tube.fade(where, channel, 1.0 / kept if upwards else kept)
    tube.is_bad[where] = True


def _spikes(tube: _Tube) -> None:
    """Put in three to eight short bursts, a third to thrice as bright in some channels."""
    count = int(tube.rng.integers(3, 9))
    channels = tube.draw_channels(2, 7)
    # one in each of as many parts of the tube, so that they do not run into each other
    part = tube.size // count
    for number in range(count):
        length = min(tube.events(tube.rng.uniform(0.4, 1.2)), part // 2)
        begin = number * part + int(tube.rng.integers(0, part - length))
        factor = tube.rng.uniform(1.5, 3.0) ** (1 if tube.rng.integers(2) else -1)
        for channel in channels:
            tube.fade(slice(begin, begin + length), channel, factor)
        tube.is_bad[begin : begin + length] = True


def _start_up(tube: _Tube) -> None:
    """Let the stream settle: in the first 4 to 8 % the light rises to its level."""
    where = slice(0, tube.events(tube.rng.uniform(4.0, 8.0)))
    missing = np.linspace(1.0, 0.0, where.stop)
    for channel in tube.draw_channels(3, 7):
        tube.fade(where, channel, 1.0 - tube.rng.uniform(0.30, 0.60) * missing)
    tube.is_bad[where] = True


def _surge(tube: _Tube) -> None:
    """Run at four times the rate; a quarter to a half of the events are two cells at once."""
    where = tube.stretch(4.0, 12.0)
    length = where.stop - where.start
    pairs = np.flatnonzero(tube.rng.random(length) < tube.rng.uniform(0.25, 0.50)) + where.start
    partners = tube.rng.choice(tube.size, size=len(pairs), replace=False)
    both = tube.columns[pairs] + tube.columns[partners]
    both[:, _HEIGHT] *= _HEIGHT_OF_PAIR
    tube.columns[pairs] = both
    tube.changed.update(_LIGHT)
    tube.gaps[where] /= 4.0
    tube.is_bad[where] = True


def _drift(tube: _Tube) -> None:
    """Fade the light of some channels evenly from the first event to the last."""
    course = np.linspace(0.0, 1.0, tube.size)
    for channel in tube.draw_channels(3, 7):
        tube.fade(slice(None), channel, 1.0 - tube.rng.uniform(0.20, 0.60) * course)


_STRIKE: dict[Fault, Callable[[_Tube], None]] = {
    Fault.CLEAN: _no_fault,
    Fault.CLOG: _clog,
    Fault.STEP: _step,
    Fault.TAIL_STEP: _tail_step,
    Fault.SPIKES: _spikes,
    Fault.START_UP: _start_up,
    Fault.SURGE: _surge,
    Fault.DRIFT: _drift,
    Fault.FAINT_STEP: _faint_step,
}
