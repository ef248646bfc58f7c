"""Every table of curves and intervals of the reference folder (environment CARFLOW_REFERENCE)."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from carflow.kinetics.infinity import to_infinity
from carflow.kinetics.nca import Nca, nca
from carflow.kinetics.slope import SlopeRule
from carflow.quantify.intervals import clopper_pearson, garwood, wilson

RULES = {"Linear": "linear", "Log": "linear-up log-down"}
DOSE_MG = 320.0


@pytest.fixture(scope="module")
def folder() -> Path:
    found = os.environ.get("CARFLOW_REFERENCE", "")
    if not found:
        pytest.skip("CARFLOW_REFERENCE is not set: no reference tables here")
    return Path(found)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def theoph(folder: Path, subject: str) -> tuple[list[float], list[float]]:
    own = [row for row in rows(folder / "theoph.csv") if row["subject"] == subject]
    return [float(row["time_h"]) for row in own], [float(row["conc_mg_per_L"]) for row in own]


def winnonlin_numbers(course: Nca) -> dict[str, float | None]:
    """Return every column of a WinNonlin table by its name there."""
    line = course.decline.line
    assert line is not None
    rate = -line.slope
    seen, predicted = to_infinity(course), to_infinity(course, is_predicted=True)
    assert seen is not None
    assert predicted is not None
    aumc_last = seen.aumc * (1 - seen.aumc_extrapolated_pct / 100)
    assert course.auc_last.value is not None
    assert course.cmax_global.value is not None
    numbers: dict[str, float | None] = {
        "Rsq": line.r_squared, "Rsq_adjusted": line.adjusted_r_squared,
        "Corr_XY": line.correlation, "No_points_lambda_z": line.n_points, "Lambda_z": rate,
        "Lambda_z_lower": line.first_day, "Lambda_z_upper": line.last_day,
        "HL_Lambda_z": course.half_life.value, "Tlag": course.tlag.value,
        "Tmax": course.tmax_global.value, "Cmax": course.cmax_global.value,
        "Cmax_D": course.cmax_global.value / DOSE_MG, "Tlast": course.tlast.value,
        "Clast": course.clast.value, "AUClast": course.auc_last.value,
        "AUCall": course.auc_all.value, "AUMClast": aumc_last,
        "MRTlast": aumc_last / course.auc_last.value,
    }  # fmt: skip
    for name, found in (("obs", seen), ("pred", predicted)):
        numbers |= {
            f"AUCINF_{name}": found.auc, f"AUCINF_D_{name}": found.auc / DOSE_MG,
            f"AUC_%Extrap_{name}": found.extrapolated_pct,
            f"Vz_F_{name}": found.volume(DOSE_MG, rate),
            f"Cl_F_{name}": found.clearance(DOSE_MG), f"AUMCINF_{name}": found.aumc,
            f"AUMC_%Extrap_{name}": found.aumc_extrapolated_pct, f"MRTINF_{name}": found.mrt,
        }  # fmt: skip
    return numbers


@pytest.mark.parametrize("name", RULES)
def test_every_number_of_winnonlin_is_reproduced(folder: Path, name: str) -> None:
    table = rows(folder / f"winnonlin_Theoph_{name}.csv")
    assert len(table) == 12
    for row in table:
        found = winnonlin_numbers(nca(*theoph(folder, row["Subject"]), auc_rule=RULES[name]))
        del row["Subject"]
        assert set(found) == set(row)
        assert found == pytest.approx({key: float(cell) for key, cell in row.items()}, rel=1e-6)


def test_partial_areas_are_reproduced(folder: Path) -> None:
    for row in rows(folder / "theoph_partial_auc_0_24_computed.csv"):
        hours, values = theoph(folder, row["subject"])
        log = nca(hours, values)
        inside = [hour for hour in hours if hour <= 24]
        short = nca(inside, values[: len(inside)]).auc_last.value
        assert short == pytest.approx(float(row["auclast_0_24_no_interp"]), rel=1e-6)
        assert log.auc(0, 24).value == pytest.approx(
            float(row["aucint_0_24_linuplogdown"]), rel=1e-6
        )
        if row["aucint_0_24_linear"]:
            linear = nca(hours, values, auc_rule="linear").auc(0, 24).value
            assert linear == pytest.approx(float(row["aucint_0_24_linear"]), rel=1e-6)


def numbers(text: str) -> list[float | None]:
    return [None if word == "NA" else float(word) for word in text.split()]


def test_closed_form_areas_are_reproduced(folder: Path) -> None:
    found: float | None
    for row in rows(folder / "pknca_auc_cases.csv"):
        days = [day for day in numbers(row["time"]) if day is not None]
        values = numbers(row["conc"])
        rule = "linear" if row["method"] == "linear" else "linear-up log-down"
        course = nca(days, values, auc_rule=rule, blq_rule=row["blq_rule"], origin=False)
        start, end = float(row["start"]), float(row["end"])
        last = min(end, course.tlast.value or end)
        if row["auc_type"] == "AUCinf":
            # the case states lambda_z = 1: the last value over it is the part beyond
            found = (course.auc_last.value or 0.0) + (course.clast.value or 0.0)
        else:
            found = course.auc(start, last if row["auc_type"] == "AUClast" else end).value
        if row["expected"] == "NA":
            # one value has no area, and neither has a window before the first sample
            assert found is None
        else:
            assert found == pytest.approx(float(row["expected"]), rel=1e-9)


def test_half_lives_are_reproduced(folder: Path) -> None:
    for row in rows(folder / "half_life_cases.csv"):
        rule = SlopeRule(
            order="pknca" if row["case"].endswith("pknca_rule") else "winnonlin",
            min_points=int(row["min_points"]),
            include_tmax=row["include_tmax"] == "True",
            tolerance=float(row["adj_r2_factor"]),
        )
        days = [day for day in numbers(row["time"]) if day is not None]
        found = nca(days, numbers(row["conc"]), slope_rule=rule)
        if row["expected_half_life"] == "NA":
            assert found.half_life.value is None
            assert found.half_life.reason
        else:
            expected = float(row["expected_half_life"])
            assert found.half_life.value == pytest.approx(expected, rel=1e-6)
            assert found.decline.line is not None
            assert found.decline.line.n_points == int(row["expected_n_points"])


def test_the_typical_patient_is_reproduced(folder: Path) -> None:
    profile = {
        float(row["day"]): float(row["copies_per_ug"])
        for row in rows(folder / "stein_typical_profile.csv")
    }
    expected = {
        row["quantity"]: float(row["value"]) for row in rows(folder / "stein_typical_reference.csv")
    }
    names = {"linear": "linear", "linuplogdown": "linear-up log-down"}
    names["log_up_log_down"] = "log-up log-down"
    checked = 0
    for key, value in expected.items():
        name, _, schedule = key.rstrip("]").partition("[")
        days = [float(word) for word in schedule.split("_")[1:]]
        if not schedule:
            continue
        values = [profile[day] for day in days]
        if name == "Tmax_obs":
            assert nca(days, values).tmax.value == value
        elif name == "Cmax_obs":
            assert nca(days, values).cmax.value == pytest.approx(value, rel=1e-9)
        else:
            rule = names[name.removeprefix("AUC_0_28d_")]
            found = nca(days, values, auc_rule=rule).auc(0, 28)
            assert found.value == pytest.approx(value, rel=1e-6)
        checked += 1
    assert checked == 15
    dense = nca(list(profile), list(profile.values()), auc_rule="log-up log-down")
    # to day 28 the profile is dense; later, visits weeks apart miss the bend of the decline
    for end, within in ((14, 2e-3), (28, 2e-3), (84, 1e-2), (180, 1e-2), (365, 1e-2)):
        exact = expected[f"AUC_0_{end}d_exact"]
        assert dense.auc(0, end).value == pytest.approx(exact, rel=within)
    assert dense.expansion_rate.value == pytest.approx(expected["rho_per_day"], rel=1e-6)
    assert dense.doubling_time.value == pytest.approx(expected["doubling_time_day"], rel=1e-6)


def test_intervals_of_counts_are_reproduced(folder: Path) -> None:
    for row in rows(folder / "proportion_intervals.csv"):
        events, of = int(row["k"]), int(row["n"])
        for function, name in ((wilson, "wilson"), (clopper_pearson, "clopper_pearson")):
            ends = float(row[f"{name}_low"]), float(row[f"{name}_high"])
            assert function(events, of) == pytest.approx(ends, rel=1e-6, abs=1e-12)
        ends = float(row["poisson_count_low"]), float(row["poisson_count_high"])
        assert garwood(events) == pytest.approx(ends, rel=1e-6)
