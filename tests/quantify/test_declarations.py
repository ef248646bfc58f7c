from __future__ import annotations

import pytest

from carflow.quantify.declarations import CURVE_QUANTITIES, DECLARATIONS, spoken_unit
from carflow.units import Unit


def test_quantities_stand_in_the_order_of_the_tables() -> None:
    assert tuple(DECLARATIONS) == (
        "car_pct_cd3", "car_pct_lymph", "car_pct_cd45", "car_pct_live", "car_net_pct_cd3",
        "car_net_p95_pct_cd3",
        "cd3_pct_lymph", "cd3_pct_cd45", "cd3_pct_live", "cd4_pct_cd3", "cd8_pct_cd3",
        "cd4_pct_car", "cd8_pct_car", "car_pct_cd4", "car_pct_cd8", "live_pct_cells",
        "car_log_odds_cd3", "cd4_cd8_ratio_car", "cd4_cd8_ratio_car_negative",
        "cd4_cd8_ratio_cd3", "car_mfi", "car_negative_mfi", "car_stain_index", "car_resolution",
        "car_per_ul_beads", "car_per_ul_wbc", "car_per_ul_alc", "car_per_ul_cd3",
        "car_per_ul_pbmc", "car_per_ul_vol",
        "cd3_per_ul_beads", "cd3_per_ul_wbc", "cd3_per_ul_alc", "cd3_per_ul_vol",
        "cells_per_ul_beads", "cells_per_ul_vol", "copies_per_ug", "copies_per_genome",
        "copies_per_car_cell", "car_per_ul_qpcr",
    )  # fmt: skip


def test_every_declaration_is_filed_under_its_own_name_with_words() -> None:
    for name, declaration in DECLARATIONS.items():
        assert declaration.name == name
        assert declaration.label
        assert declaration.description


def test_curves_are_made_of_declared_quantities() -> None:
    assert set(CURVE_QUANTITIES) <= set(DECLARATIONS)


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("car_pct_cd3", "% of CD3+"),
        ("car_pct_lymph", "% of lymphocytes"),
        ("car_pct_cd45", "% of CD45+"),
        ("live_pct_cells", "% of cells"),
        ("car_net_pct_cd3", "% of CD3+"),
        ("car_pct_live", "% of viable cells"),
        ("cd4_pct_car", "% of CAR+"),
        ("car_pct_cd8", "% of CD8+"),
        ("car_per_ul_wbc", "cells/µL"),
        ("copies_per_ug", "copies/µg"),
    ],
)
def test_a_percentage_speaks_its_denominator(name: str, spoken: str) -> None:
    assert spoken_unit(name) == spoken


def test_an_undeclared_quantity_speaks_its_unit() -> None:
    assert spoken_unit("something", Unit.PERCENT) == "%"
