"""Courses to try found gates on: blood and PBMC, bright to dim reagents, unsteady instruments.

What lives here: which tubes a variant has and what is in them, with the truth event by event.
How a cell looks is told in `carflow.simulate`, and no gate may ever be here.

The CAR+ percentages are those of the model case, in the order of a course that peaks on one of
four days; late days hold 0.10 % and none. Every day has a tube without the CAR reagent.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from carflow import simulate
from carflow.fcs.writer import write_fcs
from carflow.simulate import Lognormal, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

DAYS = (1.0, 4.0, 7.0, 12.0, 14.0)
T_CELLS = frozenset({"CD4 T", "CD8 T", "CD4 CAR T", "CD8 CAR T"})
_PERCENTAGES = (69.94, 45.31, 24.33, 12.33, 4.26)
_LATE = ((28.0, 0.10), (90.0, 0.0))
_T_EVENTS, _LATE_T_EVENTS = 10_000, 40_000
_RATE_PER_S = 200.0
_BRIGHT_DAYS = (7.0, 12.0)  # activated cells have more light of their own
_BRIGHTER = 1.6


class Material(StrEnum):
    """What was stained."""

    BLOOD = "whole blood"
    PBMC = "PBMC"


class Reagent(StrEnum):
    """How bright the CAR reagent is."""

    BRIGHT = "bright"
    MID = "mid"
    DIM = "dim"


class Instability(StrEnum):
    """What changes from day to day."""

    NONE = "none"
    GAIN = "gain ± 10 %"
    AUTOFLUORESCENCE = "autofluorescence × 1.6"


_CAR = {
    Reagent.BRIGHT: Lognormal(9000.0, 0.6),
    Reagent.MID: Lognormal(3000.0, 0.8),
    Reagent.DIM: Lognormal(1200.0, 0.9),
}
# cells besides T cells, per T cell
_OTHERS: Mapping[Material, Mapping[str, float]] = {
    Material.BLOOD: {
        "B": 0.02, "NK": 0.08, "monocyte": 0.15, "granulocyte": 0.60, "dead": 0.10, "debris": 0.25,
    },
    Material.PBMC: {"B": 0.03, "NK": 0.15, "monocyte": 0.25, "dead": 0.12, "debris": 0.15},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One course: what was stained, how bright, how steadily, and the seed of the rest."""

    material: Material
    reagent: Reagent
    instability: Instability
    seed: int

    def tubes(self) -> tuple[VariantTube, ...]:
        """Return the tubes of the course, in the order of its sheet."""
        rng = np.random.default_rng([self.seed, 2])
        percentages = _course(rng)
        drawn = [(-1.0, 0.0, _T_EVENTS), *((d, p, _T_EVENTS) for d, p in percentages)]
        drawn += [(day, pct, _LATE_T_EVENTS) for day, pct in _LATE]
        tubes = []
        for day, pct, t_cells in drawn:
            kind = "pre-infusion" if day < 0 else "patient"
            settings = self._settings(rng, day)
            tubes.append(self._tube(day, pct, t_cells, kind=kind, settings=settings))
            if day > 0:
                tubes.append(self._tube(day, pct, t_cells // 2, kind="FMO", settings=settings))
        return tuple(tubes)

    def _settings(self, rng: np.random.Generator, day: float) -> Mapping[str, float]:
        gains = rng.uniform(0.9, 1.1), rng.uniform(0.95, 1.05)
        if self.instability is Instability.GAIN:
            return {"gain": gains[0], "scatter_gain": gains[1]}
        bright = self.instability is Instability.AUTOFLUORESCENCE and day in _BRIGHT_DAYS
        return {"autofluorescence": _BRIGHTER} if bright else {}

    def _tube(
        self, day: float, pct: float, t_cells: int, *, kind: str, settings: Mapping[str, float]
    ) -> VariantTube:
        car = round(pct / 100.0 * t_cells)
        counts = {
            "CD4 CAR T": car // 2,
            "CD8 CAR T": car - car // 2,
            "CD4 T": (t_cells - car) // 2,
            "CD8 T": t_cells - car - (t_cells - car) // 2,
            **{name: round(share * t_cells) for name, share in _OTHERS[self.material].items()},
        }
        total = sum(counts.values())
        name = "pre" if kind == "pre-infusion" else f"d{day:02.0f}"
        sample_id = f"V{self.seed}-{name}{'-FMO' if kind == 'FMO' else ''}"
        return VariantTube(
            sample_id=sample_id,
            day=day,
            sample_type=kind,
            car_pct_cd3=100.0 * car / t_cells,
            recipe=Recipe(
                identity=f"carflow variant/{self.material}/{self.reagent}/{sample_id}",
                counts=counts,
                doublets=round(0.04 * total),
                duration_s=total / _RATE_PER_S,
                car=_CAR[self.reagent],
                car_stained=kind != "FMO",
                **settings,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantTube:
    """One tube of a variant, with the true percentage of CAR+ of its T cells."""

    sample_id: str
    day: float
    sample_type: str
    car_pct_cd3: float
    recipe: Recipe

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.sample_id}.fcs"


def write_variant(folder: Path, variant: Variant) -> dict[str, NDArray[np.bool_]]:
    """Write the tubes and the sheet of a variant, and return which events are T cells.

    Returns
    -------
    dict of str to (n,) bool
        For each sample id, which events are live single T cells.
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for tube in variant.tubes():
        events, kinds = simulate.simulate_labelled(tube.recipe)
        truth[tube.sample_id] = np.isin(kinds, sorted(T_CELLS))
        write_fcs(
            folder / tube.file,
            events,
            channels=simulate.CHANNELS,
            markers=simulate.MARKERS,
            keywords={
                "$TIMESTEP": f"{simulate.TIMESTEP_S:g}",
                "$SPILLOVER": simulate.spillover_keyword(),
            },
            ranges=[simulate.RANGE] * len(simulate.CHANNELS),
        )
    (folder / "samples.csv").write_text(_sheet_text(variant), encoding="utf-8", newline="\n")
    return truth


def _sheet_text(variant: Variant) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("file", "sample_id", "subject_id", "day", "sample_type", "panel_id"))
    subject = f"V{variant.seed}"
    for one in variant.tubes():
        row = (one.file, one.sample_id, subject, f"{one.day:g}", one.sample_type, "car_t_blood")
        writer.writerow(row)
    return buffer.getvalue()


def all_variants(*, first_seed: int) -> Iterator[Variant]:
    """Yield eighteen courses, one of each kind, and two more dim ones of unsteady gain."""
    seed = first_seed
    for material in Material:
        for reagent in Reagent:
            for instability in Instability:
                yield Variant(
                    material=material, reagent=reagent, instability=instability, seed=seed
                )
                seed += 1
    for material in Material:
        yield Variant(
            material=material, reagent=Reagent.DIM, instability=Instability.GAIN, seed=seed
        )
        seed += 1


def _course(rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return days and percentages that rise to a peak on a drawn day and fall after it."""
    peak = int(rng.integers(1, len(DAYS)))
    near = sorted(range(len(DAYS)), key=lambda place: (abs(place - peak), -place))
    percentages = {place: pct * rng.uniform(0.85, 1.0) for place, pct in
                   zip(near, _PERCENTAGES, strict=True)}  # fmt: skip
    return [(day, percentages[place]) for place, day in enumerate(DAYS)]
