"""What is looked at when a file is opened: small tubes whole, large ones in blocks."""

from pathlib import Path

import numpy as np

from carflow.fcs.reader import read_fcs
from carflow.fcs.sample import take_sample
from carflow.fcs.writer import write_fcs


def _sampled(folder: Path, n_events: int, n_channels: int) -> tuple[np.ndarray, np.ndarray]:
    events = np.arange(n_events * n_channels, dtype=np.float32).reshape(n_events, n_channels)
    names = tuple(f"FL{number}-A" for number in range(n_channels))
    path = folder / "tube.fcs"
    write_fcs(path, events, channels=names, markers=("",) * n_channels, keywords={})
    tube = read_fcs(path)
    with path.open("rb", buffering=0) as stream:
        sample = take_sample(stream, tube.data_begin, n_events, tube.layout)
    assert sample.size == len(sample.stored(tube.layout.columns[0]))
    return sample.values(tube.layout.columns[0]) / n_channels, sample.pairs()


def test_a_small_tube_is_looked_at_whole(tmp_path: Path) -> None:
    places, pairs = _sampled(tmp_path, 3_000, 4)

    assert places.tolist() == list(range(3_000))
    assert pairs.all()


def test_a_large_tube_is_looked_at_from_the_first_event_to_the_last(tmp_path: Path) -> None:
    places, pairs = _sampled(tmp_path, 60_000, 4)

    assert len(places) == 10_000
    assert (places[0], places[-1]) == (0, 59_999)
    assert int((~pairs).sum()) == 15
    assert (np.diff(places)[pairs] == 1).all()


def test_many_channels_make_the_sample_smaller(tmp_path: Path) -> None:
    places, _ = _sampled(tmp_path, 10_000, 60)

    assert len(places) == 160_000 // 60 // 16 * 16
