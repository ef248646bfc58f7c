import csv
import io
from pathlib import Path

import numpy as np
import pytest

from carflow import course
from carflow.errors import OutputError
from carflow.fcs.reader import read_fcs
from carflow.fcs.volume import acquired_volume

PUBLISHED = {1: 4.26, 4: 12.33, 7: 45.31, 12: 69.94, 14: 24.33}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_five_published_percentages_are_realised_exactly() -> None:
    truth = rows(course.truth_text())
    report = {
        float(row["day"]): 100 * int(row["n_car"]) / int(row["n_cd3"])
        for row in truth
        if row["car_pct_cd3_from"] == "case report"
    }

    assert report == pytest.approx(PUBLISHED, abs=1e-9)


def test_every_other_value_is_marked_as_our_own() -> None:
    own = {
        row["sample_id"] for row in rows(course.truth_text()) if row["car_pct_cd3_from"] == "own"
    }

    assert own == {"P01-pre", "P01-d21", "P01-d28", "P01-d12-FMO"}


@pytest.mark.parametrize("visit", course.VISITS, ids=lambda visit: visit.sample_id)
def test_all_ways_of_counting_have_the_same_true_answer(visit: course.Visit) -> None:
    beads = visit.beads_added_ul * 1000.0
    by_beads = visit.car_cells / visit.bead_events * beads / visit.blood_ul
    by_wbc = visit.car_cells / visit.cd45_cells * visit.wbc_1e9_l * 1000.0
    by_volume = visit.car_cells / (visit.acquired_nl / 1000.0) * 1000.0 / visit.blood_ul

    assert by_beads == pytest.approx(visit.car_per_ul, rel=0.001)
    assert by_wbc == pytest.approx(visit.car_per_ul, rel=1e-12)
    assert by_volume == pytest.approx(visit.car_per_ul, rel=1e-12)


def test_the_course_of_this_checkout_is_what_the_simulator_writes(
    tmp_path: Path, sample_fcs: Path
) -> None:
    written = course.write_course(tmp_path)

    for path in written:
        committed = sample_fcs / path.name
        if path.suffix == ".csv":
            assert path.read_bytes() == committed.read_bytes()
        else:
            # numpy may change its random streams between versions, so events are not compared
            assert read_fcs(path).keywords == read_fcs(committed).keywords
            assert read_fcs(path).n_events == read_fcs(committed).n_events


def test_the_tubes_state_a_plausible_flow_rate(sample_fcs: Path) -> None:
    for row in rows(course.sheet_text()):
        tube = read_fcs(sample_fcs / row["file"])
        volume = acquired_volume(tube.keywords)

        assert volume.unit == "nL"
        assert volume.flow_ul_per_min == pytest.approx(100.0, rel=0.001)


def test_the_sample_folder_stays_small(sample_fcs: Path) -> None:
    total = sum(path.stat().st_size for path in sample_fcs.rglob("*") if path.is_file())

    assert total < 12_000_000


def test_tubes_have_about_25000_events_and_2000_beads(sample_fcs: Path) -> None:
    for row in rows(course.truth_text()):
        tube = read_fcs(sample_fcs / f"{row['sample_id'].replace('-', '_')}.fcs")

        assert tube.n_events == pytest.approx(25_000, rel=0.07)
        assert int(row["n_beads"]) == pytest.approx(2_000, rel=0.07)
        assert np.isfinite(tube.column("CAR")).all()


def test_a_folder_that_cannot_be_made_is_a_clear_sentence(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")

    with pytest.raises(OutputError) as caught:
        course.write_course(taken)

    assert (
        str(caught.value) == f"{taken}: its place is taken by a file (choose another output folder)"
    )
