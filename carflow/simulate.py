"""Synthetic blood tubes with known truth, event by event.

What lives here: how a population looks on the cytometer, and how a tube is put together.
Which tubes make up the sample course is told in `carflow.course`; no gate and no result may
ever be here, so that the truth stays independent of what measures it.

The model follows what cytometers do: labels are lognormal on the linear scale, each detector
sees the others' light *before* photon noise is drawn, the electronics add their own, and the
spread after compensation comes out by itself. CAR cells are assigned by exact count, never by
chance, so that the truth of a percentage is a ratio of whole numbers. Doublets are sums of two
cells; they, debris and dead cells are no part of the truth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Events = NDArray[np.float64]

SCATTER = ("FSC-A", "FSC-H", "SSC-A")
LABELS = ("CD45", "CD3", "CD4", "CD8", "CAR", "viability", "dump")
DETECTORS = ("V450-A", "B515-A", "V605-A", "R780-A", "R660-A", "V510-A", "G780-A")
CHANNELS = (*SCATTER, *DETECTORS, "Time")
MARKERS = ("", "", "", *LABELS, "")
RANGE = 262_144
TIMESTEP_S = 0.01

# fraction of each label's light (rows) that each detector (columns) sees
SPILLOVER = np.array(
    [
        # CD45   CD3   CD4   CD8   CAR  viab.  dump
        [1.00, 0.01, 0.04, 0.00, 0.00, 0.12, 0.00],  # CD45
        [0.01, 1.00, 0.03, 0.00, 0.00, 0.05, 0.01],  # CD3
        [0.03, 0.02, 1.00, 0.00, 0.02, 0.02, 0.02],  # CD4
        [0.00, 0.00, 0.00, 1.00, 0.03, 0.00, 0.10],  # CD8
        [0.00, 0.00, 0.02, 0.06, 1.00, 0.00, 0.02],  # CAR
        [0.10, 0.03, 0.03, 0.00, 0.00, 1.00, 0.00],  # viability
        [0.00, 0.01, 0.01, 0.08, 0.02, 0.00, 1.00],  # dump
    ]
)
SPILLOVER.flags.writeable = False

_UNITS_PER_PHOTOELECTRON = 4.0
_ELECTRONIC_NOISE = 60.0
_LOWEST_VALUE = -111.0
_HEIGHT_OF_AREA = 0.82


@dataclass(frozen=True, slots=True)
class Lognormal:
    """A lognormal amount: its median and the standard deviation of its natural logarithm."""

    median: float
    log_sd: float

    def draw(self, rng: np.random.Generator, n: int) -> Events:
        """Return n amounts, shape (n,)."""
        return self.median * np.exp(rng.normal(0.0, self.log_sd, n))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the cells of one population look: scatter and the labels they carry."""

    fsc: Lognormal
    ssc: Lognormal
    labels: Mapping[str, Lognormal] = field(default_factory=dict)
    autofluorescence: float = 120.0


_LIVE = Lognormal(150.0, 0.5)
_T_CELL = {"CD45": Lognormal(30e3, 0.25), "CD3": Lognormal(12e3, 0.3), "viability": _LIVE}
_CD4 = Lognormal(15e3, 0.25)
_CD8 = Lognormal(20e3, 0.3)
_RESTING_FSC, _RESTING_SSC = Lognormal(75e3, 0.12), Lognormal(18e3, 0.22)
# activated cells are larger and more granular
_BLAST_FSC, _BLAST_SSC = Lognormal(95e3, 0.14), Lognormal(22e3, 0.22)
_DUMP = Lognormal(12e3, 0.4)
_EVERYWHERE = Lognormal(100e3, 0.05)


LOOKS: Mapping[str, Look] = {
    "CD4 T": Look(fsc=_RESTING_FSC, ssc=_RESTING_SSC, labels={**_T_CELL, "CD4": _CD4}),
    "CD8 T": Look(fsc=_RESTING_FSC, ssc=_RESTING_SSC, labels={**_T_CELL, "CD8": _CD8}),
    "CD4 CAR T": Look(fsc=_BLAST_FSC, ssc=_BLAST_SSC, labels={**_T_CELL, "CD4": _CD4}),
    "CD8 CAR T": Look(fsc=_BLAST_FSC, ssc=_BLAST_SSC, labels={**_T_CELL, "CD8": _CD8}),
    "B": Look(
        fsc=_RESTING_FSC,
        ssc=_RESTING_SSC,
        labels={"CD45": Lognormal(25e3, 0.25), "dump": _DUMP, "viability": _LIVE},
    ),
    "NK": Look(
        fsc=_RESTING_FSC,
        ssc=_RESTING_SSC,
        labels={"CD45": Lognormal(30e3, 0.25), "viability": _LIVE},
    ),
    "monocyte": Look(
        fsc=Lognormal(120e3, 0.13),
        ssc=Lognormal(75e3, 0.17),
        labels={
            "CD45": Lognormal(18e3, 0.25),
            "CD4": Lognormal(2.5e3, 0.3),
            "dump": _DUMP,
            "viability": _LIVE,
        },
    ),
    "granulocyte": Look(
        fsc=Lognormal(125e3, 0.13),
        ssc=Lognormal(130e3, 0.15),
        labels={"CD45": Lognormal(7e3, 0.25), "viability": _LIVE},
    ),
    "dead": Look(
        fsc=Lognormal(55e3, 0.2),
        ssc=Lognormal(30e3, 0.3),
        labels={
            "CD45": Lognormal(10e3, 0.4),
            "CD3": Lognormal(3e3, 0.8),
            "CAR": Lognormal(700.0, 0.8),
            "viability": Lognormal(25e3, 0.4),
            "dump": Lognormal(2e3, 0.8),
        },
    ),
    "debris": Look(
        fsc=Lognormal(12e3, 0.35),
        ssc=Lognormal(8e3, 0.5),
        labels={"CD45": Lognormal(400.0, 0.9), "viability": _LIVE},
        autofluorescence=60.0,
    ),
    "bead": Look(
        fsc=Lognormal(40e3, 0.04),
        ssc=Lognormal(215e3, 0.03),
        labels=dict.fromkeys(LABELS, _EVERYWHERE),
    ),
}
"""Every population by name; what a CAR T cell carries besides is the recipe's `car`."""

CAR_CELLS = frozenset({"CD4 CAR T", "CD8 CAR T"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is in one tube, as exact event counts, and how it was acquired.

    `car_stained` is False for a CAR-FMO tube: its CAR cells carry no reagent. `gain` multiplies
    what the fluorescence detectors report and `scatter_gain` the scatter, as on another day;
    `autofluorescence` multiplies the cells' own light, as in activated cells.
    """

    identity: str
    counts: Mapping[str, int]
    doublets: int
    duration_s: float
    car: Lognormal = Lognormal(9e3, 0.5)
    car_stained: bool = True
    gain: float = 1.0
    scatter_gain: float = 1.0
    autofluorescence: float = 1.0


DOUBLET = "doublet"


def simulate_tube(recipe: Recipe) -> NDArray[np.float32]:
    """Return the events of one tube, shape (n, 11), in acquisition order.

    Columns are `CHANNELS`; the last one is Time in ticks of `TIMESTEP_S`. The random numbers
    are seeded from the recipe's identity alone.

    Examples
    --------
    >>> few = Recipe(identity="P01/d1", counts={"CD4 T": 3, "bead": 2}, doublets=0, duration_s=1.0)
    >>> simulate_tube(few).shape
    (5, 11)
    """
    return simulate_labelled(recipe)[0]


def simulate_labelled(recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Return the events of a tube as `simulate_tube` does, and what each is, shape (n,).

    What an event is: a name of `LOOKS`, or `DOUBLET`.
    """
    rng = _rng(recipe.identity)
    parts = [_cells(rng, recipe, name, n) for name, n in recipe.counts.items() if n]
    kinds = np.repeat(list(recipe.counts), list(recipe.counts.values()))
    if recipe.doublets:
        parts.append(_doublets(rng, recipe))
        kinds = np.concatenate([kinds, np.repeat(DOUBLET, recipe.doublets)])
    area, height, ssc, light = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = rng.permutation(len(area))
    scatter = np.column_stack([area, height, ssc]) * recipe.scatter_gain
    seen_light = _detected(rng, light, gain=recipe.gain)
    columns = np.column_stack([scatter, seen_light])[order]
    seen = np.clip(columns, _LOWEST_VALUE, RANGE - 1)
    time = _arrival_ticks(rng, len(area), recipe.duration_s)
    return np.column_stack([seen, time]).astype(np.float32), kinds[order]


def _rng(identity: str) -> np.random.Generator:
    digest = hashlib.sha256(identity.encode("utf-8")).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _cells(
    rng: np.random.Generator, recipe: Recipe, name: str, n: int
) -> tuple[Events, Events, Events, Events]:
    """Return FSC-A, FSC-H and SSC-A, shape (n,), and label light, shape (n, labels)."""
    look = LOOKS[name]
    labels = {**look.labels, "CAR": recipe.car} if name in CAR_CELLS else look.labels
    area = look.fsc.draw(rng, n)
    ssc = look.ssc.draw(rng, n)
    # autofluorescence grows with granularity
    glow = look.autofluorescence * recipe.autofluorescence * np.sqrt(ssc / 20e3)
    light = glow[:, None] * np.exp(rng.normal(0.0, 0.35, (n, len(LABELS))))
    for column, label in enumerate(LABELS):
        unstained = label == "CAR" and not recipe.car_stained and name != "bead"
        if label in labels and not unstained:
            light[:, column] += labels[label].draw(rng, n)
    height = area * _HEIGHT_OF_AREA * np.exp(rng.normal(0.0, 0.03, n))
    return area, height, ssc, light


def _doublets(rng: np.random.Generator, recipe: Recipe) -> tuple[Events, Events, Events, Events]:
    """Return pairs of cells that passed the laser together: areas add up, heights do not."""
    singles = {k: n for k, n in recipe.counts.items() if k not in {"bead", "debris"} and n}
    names = list(singles)
    weights = np.array(list(singles.values()), dtype=float)
    halves = []
    for _ in range(2):
        drawn = rng.multinomial(recipe.doublets, weights / weights.sum())
        parts = [_cells(rng, recipe, k, n) for k, n in zip(names, drawn, strict=True) if n]
        half = [np.concatenate(column) for column in zip(*parts, strict=True)]
        mixed = rng.permutation(recipe.doublets)
        halves.append([column[mixed] for column in half])
    (area_1, height_1, ssc_1, light_1), (area_2, height_2, ssc_2, light_2) = halves
    overlap = np.exp(rng.normal(0.0, 0.05, recipe.doublets))
    height = 0.70 * (height_1 + height_2) * overlap
    return area_1 + area_2, height, ssc_1 + ssc_2, light_1 + light_2


def _detected(rng: np.random.Generator, light: Events, *, gain: float = 1.0) -> Events:
    """Return what the detectors report: spillover first, then photon noise and electronics."""
    expected: Events = light @ SPILLOVER
    photons = rng.poisson(expected / _UNITS_PER_PHOTOELECTRON)
    electronics: Events = rng.normal(0.0, _ELECTRONIC_NOISE, expected.shape)
    return electronics + gain * _UNITS_PER_PHOTOELECTRON * photons


def _arrival_ticks(rng: np.random.Generator, n: int, duration_s: float) -> Events:
    """Return n arrival times in ticks: exponential gaps, scaled to the acquisition's length."""
    arrivals: Events = np.cumsum(rng.exponential(1.0, n))
    arrivals *= duration_s / TIMESTEP_S / arrivals[-1]
    return np.floor(arrivals)


def spillover_keyword() -> str:
    """Return `SPILLOVER` as the text of the $SPILLOVER keyword (FCS 3.1, section 3.2.20).

    Examples
    --------
    >>> spillover_keyword()[:24]
    '7,V450-A,B515-A,V605-A,R'
    """
    numbers = ",".join(f"{value:g}" for value in SPILLOVER.ravel())
    return f"{len(DETECTORS)},{','.join(DETECTORS)},{numbers}"
