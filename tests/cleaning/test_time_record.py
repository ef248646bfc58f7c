from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from carflow.cleaning.stability import Stability, unstable_events
from carflow.cleaning.time_order import TimeState
from carflow.cleaning.time_record import FEWEST_EVENTS, TimeRecord
from carflow.cleaning.watch import assess_stability
from carflow.fcs.reader import read_fcs

N = 30_000
BAD = slice(12_000, 15_000)


@pytest.fixture(scope="module")
def times() -> np.ndarray:
    waits = np.random.default_rng(1).exponential(1.0, N)
    return np.floor(np.cumsum(waits) / 5.0) / 100.0


@pytest.fixture(scope="module")
def light() -> np.ndarray:
    """Four channels; the second and third lose half of their light for a while."""
    rng = np.random.default_rng(2)
    columns = rng.lognormal([[7.0], [6.0], [8.0], [5.0]], 0.6, (4, N))
    columns[1:3, BAD] *= 0.5
    return columns


NAMES = ("FSC-A", "FITC-A", "PE-A", "APC-A")


def followed(
    light: np.ndarray,
    times: np.ndarray | None,
    *,
    chunk: int = N,
    names: tuple[str, ...] = NAMES,
    in_seconds: bool = True,
) -> Stability:
    record = TimeRecord(light.shape[1], names, has_time=times is not None, in_seconds=in_seconds)
    for begin in range(0, light.shape[1], chunk):
        part = slice(begin, begin + chunk)
        record.add(light[:, part], None if times is None else times[part])
    return record.stability()


def test_a_fault_is_found_where_and_in_the_channels_it_is(
    light: np.ndarray, times: np.ndarray
) -> None:
    found = followed(light, times)

    (one,) = found.removed
    assert one.first_event == pytest.approx(BAD.start, abs=20)
    assert one.stop_event == pytest.approx(BAD.stop, abs=20)
    assert set(one.channels) == {"FITC-A", "PE-A"}
    assert found.removed_pct == pytest.approx(10.0, abs=0.1)


def test_the_interval_in_seconds_holds_exactly_the_removed_events(
    light: np.ndarray, times: np.ndarray
) -> None:
    found = followed(light, times)
    (one,) = found.removed
    inside = (times >= one.first_s) & (times <= one.last_s)

    assert np.array_equal(inside, unstable_events(found))


@pytest.mark.parametrize("chunk", [999, 4_096])
def test_the_size_of_the_chunks_changes_nothing(
    light: np.ndarray, times: np.ndarray, chunk: int
) -> None:
    assert followed(light, times, chunk=chunk) == followed(light, times)


def test_the_order_of_the_events_in_the_file_changes_no_interval_of_time(
    light: np.ndarray, times: np.ndarray
) -> None:
    order = np.random.default_rng(3).permutation(N)
    mixed = followed(light[:, order], times[order])
    straight = followed(light, times)

    assert mixed.time.state is TimeState.SHUFFLED
    assert mixed.removed == straight.removed
    assert mixed.rate == straight.rate
    back = np.empty(N, dtype=bool)
    back[order] = unstable_events(mixed, times[order])
    assert np.array_equal(back, unstable_events(straight))


def test_the_order_of_the_channels_changes_nothing_but_their_order(
    light: np.ndarray, times: np.ndarray
) -> None:
    turned = followed(light[::-1], times, names=NAMES[::-1])
    (one,), (other,) = turned.removed, followed(light, times).removed

    assert (one.first_s, one.last_s) == (other.first_s, other.last_s)
    assert dict(turned.drift_points) == dict(followed(light, times).drift_points)


def test_another_scale_changes_nothing(light: np.ndarray, times: np.ndarray) -> None:
    assert followed(light * 4.0, times).removed == followed(light, times).removed


def test_a_steady_channel_more_changes_little(light: np.ndarray, times: np.ndarray) -> None:
    more = np.vstack([light, np.random.default_rng(4).lognormal(6.0, 0.5, (1, N))])
    (one,) = followed(more, times, names=(*NAMES, "BV421-A")).removed

    assert one.first_event == pytest.approx(BAD.start, abs=20)
    assert "BV421-A" not in one.channels


def test_a_clock_that_begins_again_is_followed_through(
    light: np.ndarray, times: np.ndarray
) -> None:
    twice = np.concatenate([times[: N // 2], times[: N // 2]])
    found = followed(light, twice)

    assert found.time.state is TimeState.RESTARTED
    assert np.flatnonzero(unstable_events(found, twice)) == pytest.approx(
        np.arange(found.removed[0].first_event, found.removed[0].stop_event)
    )
    assert found.removed[0].first_event == pytest.approx(BAD.start, abs=20)


def test_without_time_the_order_of_the_file_is_followed(light: np.ndarray) -> None:
    found = followed(light, None)

    assert found.time.state is TimeState.ABSENT
    assert found.rate is None
    (one,) = found.removed
    assert (one.first_s, one.last_s) == (None, None)
    assert one.first_event == pytest.approx(BAD.start, abs=20)


def test_a_coarse_time_is_not_used_to_cut(light: np.ndarray, times: np.ndarray) -> None:
    found = followed(light, np.floor(times))

    assert found.time.state is TimeState.COARSE
    assert found.removed[0].first_s is None
    assert found.removed[0].first_event == pytest.approx(BAD.start, abs=20)


def test_ticks_of_unknown_length_give_no_rate(light: np.ndarray, times: np.ndarray) -> None:
    found = followed(light, times, in_seconds=False)

    assert found.rate is None
    assert len(found.removed) == 1


def test_values_that_are_no_numbers_and_values_on_the_margin_do_no_harm(
    light: np.ndarray, times: np.ndarray
) -> None:
    rng = np.random.default_rng(5)
    spoilt = np.minimum(light, 4_000.0)
    spoilt[0, rng.random(N) < 0.02] = np.nan
    (one,) = followed(spoilt, times).removed

    assert one.first_event == pytest.approx(BAD.start, abs=20)


def test_a_burst_of_saturated_events_is_seen(times: np.ndarray) -> None:
    light = np.random.default_rng(6).lognormal(6.0, 0.5, (4, N))
    light[:, 20_000:20_500] = 262_143.0
    (one,) = followed(light, times).removed

    assert one.first_event == pytest.approx(20_000, abs=10)
    assert one.stop_event == pytest.approx(20_500, abs=10)


def test_a_number_of_the_event_is_no_light(light: np.ndarray, times: np.ndarray) -> None:
    counted = np.vstack([light, np.arange(1.0, N + 1.0)])
    found = followed(counted, times, names=(*NAMES, "Counter"))

    assert found.channels == NAMES


def test_a_channel_that_never_changes_is_left_out(light: np.ndarray, times: np.ndarray) -> None:
    dark = light.copy()
    dark[3] = 0.0

    assert followed(dark, times).channels == NAMES[:3]


def test_a_drift_is_told_in_points_and_not_removed(times: np.ndarray) -> None:
    light = np.random.default_rng(7).lognormal(6.0, 0.6, (4, N))
    light[1] *= np.linspace(1.0, 0.5, N)
    found = followed(light, times)

    assert found.removed == ()
    assert found.drift_points["FITC-A"] > 20.0
    assert max(found.drift_points[name] for name in ("FSC-A", "PE-A", "APC-A")) < 5.0
    assert "FITC-A" in found.traces
    assert found.traces["FITC-A"][0] > 60.0
    assert found.traces["FITC-A"][-1] < 40.0


def test_traces_are_short(light: np.ndarray, times: np.ndarray) -> None:
    found = followed(light, times)

    assert len(found.traces) == 3
    assert {len(trace) for trace in found.traces.values()} == {len(found.trace_s)}
    assert len(found.trace_s) <= 200


def test_a_small_tube_is_not_judged(light: np.ndarray, times: np.ndarray) -> None:
    found = followed(light[:, :1_499], times[:1_499])

    assert FEWEST_EVENTS == 1_500
    assert found.not_judged == "it holds 1,499 events, fewer than 1,500"
    assert found.removed_pct is None
    assert found.time.state is TimeState.ORDERED
    assert followed(light[:, :1_500], times[:1_500]).is_judged


@pytest.mark.parametrize("names", [(), ("FITC-A",)])
def test_a_tube_without_a_channel_that_varies_is_not_judged(
    times: np.ndarray, names: tuple[str, ...]
) -> None:
    found = followed(np.zeros((len(names), N)), times, names=names)

    assert found.not_judged == "it has too few channels whose values vary, or too few times"


def test_an_empty_tube_is_not_judged() -> None:
    found = followed(np.zeros((2, 0)), np.zeros(0), names=("A", "B"), chunk=1)

    assert found.not_judged == "it holds 0 events, fewer than 1,500"
    assert unstable_events(found).tolist() == []


def test_a_file_is_followed_by_its_areas(tmp_path: Path, write_tube: Callable[..., Path]) -> None:
    found = assess_stability(read_fcs(write_tube(tmp_path / "tube.fcs")))

    assert found.channels == (
        "FSC-A", "SSC-A", "V450-A", "B515-A", "V605-A", "R780-A", "R660-A", "V510-A", "G780-A",
    )  # fmt: skip
    assert found.removed == ()
    assert found.rate is not None
    assert found.rate.median_per_s == pytest.approx(4_420 / 30.0, rel=0.1)


def test_the_late_laser_of_a_real_tube_is_cut_off(corpus: Path) -> None:
    # by eye: the green laser's detectors see nothing at first and reach their
    # level after 7.7 s, at event 860; no other detector changes
    tube = read_fcs(corpus / "fcs" / "saeyslab+PeacoQC" / "inst" / "extdata" / "111.fcs")
    found = assess_stability(tube)

    (one,) = found.removed
    assert one.first_event == 0
    assert 820 <= one.stop_event <= 960
    assert {channel[0] for channel in one.channels} == {"G"}
    assert 4 <= len(one.channels) <= 6


def test_what_is_said_of_a_tube_survives_json(light: np.ndarray, times: np.ndarray) -> None:
    found = followed(light, times)
    adapter = TypeAdapter(Stability)

    assert adapter.validate_json(adapter.dump_json(found)) == found
    assert len(adapter.dump_json(found)) < 20_000
