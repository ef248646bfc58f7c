"""Every quantity of a tube, declared once, in the order of the tables.

The name carries the denominator of a percentage and the method of an absolute count, because
laboratories call four different numbers "CAR-T %" and five "CAR T cells/µL".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from carflow.quantify.quantity import Declaration
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping


def _percentage(name: str, label: str, description: str) -> Declaration:
    return Declaration(name=name, label=label, unit=Unit.PERCENT, digits=2, description=description)


def _absolute(name: str, label: str, description: str) -> Declaration:
    return Declaration(
        name=name, label=label, unit=Unit.CELLS_PER_UL, digits=2, description=description
    )


_BEADS = "events / bead events × beads in the tube / µL of blood × dilution"
_VOLUME = (
    "events / acquired volume kept by the time gate × total volume / blood volume × dilution; "
    "per µL of the acquired sample where the sheet gives no volumes"
)

_ALL = (
    _percentage("car_pct_cd3", "CAR+ of CD3+", "CD3+CAR+ events / CD3+ events"),
    _percentage("car_pct_lymph", "CAR+ of lymphocytes", "CD3+CAR+ events / lymphocyte events"),
    _percentage("car_pct_cd45", "CAR+ of CD45+", "CD3+CAR+ events / viable CD45+ events"),
    _percentage("car_pct_live", "CAR+ of viable cells", "CD3+CAR+ events / viable events"),
    _percentage(
        "car_net_pct_cd3",
        "CAR+ of CD3+, net of background",
        "(p − b) / (s − b) of the shares in the tube and in its control; may lie below 0; s is 1, "
        "or for a dim reagent the share of CAR+ cells above the cut",
    ),
    _percentage(
        "car_net_p95_pct_cd3",
        "CAR+ of CD3+ at the 95th percentile, net",
        "the same with the cut at the 95th percentile of the controls, for dim reagents",
    ),
    _percentage("cd3_pct_lymph", "CD3+ of lymphocytes", "CD3+ events / lymphocyte events"),
    _percentage("cd3_pct_cd45", "CD3+ of CD45+", "CD3+ events / viable CD45+ events"),
    _percentage("cd3_pct_live", "CD3+ of viable cells", "CD3+ events / viable events"),
    _percentage("cd4_pct_cd3", "CD4+ of CD3+", "CD4+ T cell events / CD3+ events"),
    _percentage("cd8_pct_cd3", "CD8+ of CD3+", "CD8+ T cell events / CD3+ events"),
    _percentage("cd4_pct_car", "CD4+ of CAR+", "CD4+ CAR+ events / CD3+CAR+ events"),
    _percentage("cd8_pct_car", "CD8+ of CAR+", "CD8+ CAR+ events / CD3+CAR+ events"),
    _percentage("car_pct_cd4", "CAR+ of CD4+", "CD4+ CAR+ events / CD4+ T cell events"),
    _percentage("car_pct_cd8", "CAR+ of CD8+", "CD8+ CAR+ events / CD8+ T cell events"),
    _percentage("live_pct_cells", "Viable of cells", "viable events / cell events"),
    Declaration(
        name="car_log_odds_cd3",
        label="ln(CAR+ : CAR−) of CD3+",
        unit=Unit.LOG_ODDS,
        digits=2,
        description="its change per day is the net growth of CAR+ minus that of CAR− T cells",
    ),
    Declaration(
        name="cd4_cd8_ratio_car",
        label="CD4:CD8 of CAR+",
        unit=Unit.RATIO,
        digits=2,
        description="CD4+ / CD8+ events among CAR+ T cells",
    ),
    Declaration(
        name="cd4_cd8_ratio_car_negative",
        label="CD4:CD8 of CAR−",
        unit=Unit.RATIO,
        digits=2,
        description="CD4+ / CD8+ events among CAR− T cells",
    ),
    Declaration(
        name="cd4_cd8_ratio_cd3",
        label="CD4:CD8 of CD3+",
        unit=Unit.RATIO,
        digits=2,
        description="CD4+ / CD8+ events among all T cells",
    ),
    Declaration(
        name="car_mfi",
        label="CAR MFI of CAR+",
        unit=Unit.INTENSITY,
        digits=0,
        description="median of the linear compensated CAR channel of CD3+CAR+ events",
    ),
    Declaration(
        name="car_negative_mfi",
        label="CAR MFI of CAR−",
        unit=Unit.INTENSITY,
        digits=0,
        description="median of the linear compensated CAR channel of CAR− T cells",
    ),
    Declaration(
        name="car_stain_index",
        label="Stain index of CAR",
        unit=Unit.RATIO,
        digits=1,
        description="(median CAR+ − median CAR−) / (2 × robust SD of CAR−)",
    ),
    Declaration(
        name="car_resolution",
        label="Resolution of CAR",
        unit=Unit.RATIO,
        digits=1,
        description="(median of CD3+ − that of the control) / (sum of both robust SD)",
    ),
    _absolute("car_per_ul_beads", "CAR T cells (beads)", "CD3+CAR+: " + _BEADS),
    _absolute("car_per_ul_wbc", "CAR T cells (WBC)", "CD3+CAR+ of CD45+ × leukocyte count"),
    _absolute("car_per_ul_alc", "CAR T cells (ALC)", "CD3+CAR+ of lymphocytes × lymphocyte count"),
    _absolute("car_per_ul_cd3", "CAR T cells (CD3)", "CAR+ of CD3+ × absolute CD3+ count"),
    _absolute(
        "car_per_ul_pbmc",
        "CAR T cells (PBMC)",
        "CD3+CAR+ of CD45+ × (lymphocyte + monocyte count), for PBMC prepared with equal recovery",
    ),
    _absolute("car_per_ul_vol", "CAR T cells (volume)", "CD3+CAR+: " + _VOLUME),
    _absolute("cd3_per_ul_beads", "T cells (beads)", "CD3+: " + _BEADS),
    _absolute("cd3_per_ul_wbc", "T cells (WBC)", "CD3+ of CD45+ × leukocyte count"),
    _absolute("cd3_per_ul_alc", "T cells (ALC)", "CD3+ of lymphocytes × lymphocyte count"),
    _absolute("cd3_per_ul_vol", "T cells (volume)", "CD3+: " + _VOLUME),
    _absolute("cells_per_ul_beads", "Cells (beads)", "cells, or viable events: " + _BEADS),
    _absolute("cells_per_ul_vol", "Cells (volume)", "cells, or viable events: " + _VOLUME),
    Declaration(
        name="copies_per_ug",
        label="CAR gene copies",
        unit=Unit.COPIES_PER_UG,
        digits=0,
        description="copies per µg of genomic DNA, as the sheet gives them",
    ),
    Declaration(
        name="copies_per_genome",
        label="CAR gene copies per genome",
        unit=Unit.COPIES_PER_GENOME,
        digits=5,
        description="copies/µg × 6.6 pg per diploid genome: per nucleated cell of the extract",
    ),
    Declaration(
        name="copies_per_car_cell",
        label="CAR gene copies per CAR+ cell",
        unit=Unit.COPIES_PER_CELL,
        digits=2,
        description="copies per genome / CAR+ share of CD45+ in the tube, of the same cells",
    ),
    _absolute(
        "car_per_ul_qpcr",
        "CAR T cells (qPCR)",
        "copies per genome / copies per CAR+ cell of the product × WBC, or × (lymphocytes + "
        "monocytes) where the DNA is that of PBMC",
    ),
)

DECLARATIONS: Mapping[str, Declaration] = MappingProxyType({one.name: one for one in _ALL})
"""Every quantity by name, in the order of the tables."""

CURVE_QUANTITIES = (
    "car_pct_cd3",
    "car_pct_lymph",
    "car_pct_cd45",
    "car_net_pct_cd3",
    "car_per_ul_beads",
    "car_per_ul_wbc",
    "car_per_ul_alc",
    "car_per_ul_cd3",
    "car_per_ul_pbmc",
    "car_per_ul_vol",
    "car_per_ul_qpcr",
    "copies_per_ug",
)
"""Quantities that are followed over days; the percentage and the count may peak apart."""

_DENOMINATORS = {
    "cd3": "CD3+",
    "cd4": "CD4+",
    "cd8": "CD8+",
    "car": "CAR+",
    "lymph": "lymphocytes",
    "cd45": "CD45+",
    "live": "viable cells",
    "cells": "cells",
}


def spoken_unit(name: str, unit: Unit = Unit.NONE) -> str:
    """Return the unit of a quantity as a sentence needs it: a percentage names its whole.

    A name that is not declared speaks its `unit` alone.

    Examples
    --------
    >>> spoken_unit("car_pct_cd3")
    '% of CD3+'
    >>> spoken_unit("car_per_ul_beads")
    'cells/µL'
    """
    declaration = DECLARATIONS.get(name)
    if declaration is None:
        return str(unit)
    if declaration.unit is Unit.PERCENT:
        return f"% of {_DENOMINATORS[name.rpartition('_')[2]]}"
    return str(declaration.unit)
