"""What is looked at when a file is opened: small tubes whole, large ones in blocks."""

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from carflow.fcs.layout import Column, Layout
from carflow.fcs.parameters import Parameter
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


def _mixed() -> Layout:
    """Columns of several kinds and widths, of which only some stand beside their like."""
    columns, offset = [], 0
    for number, (kind, width) in enumerate([("u", 2), ("u", 2), ("f", 4), ("u", 3), ("u", 2)]):
        parameter = Parameter(
            number=number, name=f"FL{number}-A", marker="", bits=8 * width, range_max=1024.0
        )
        mask = 1023 if kind == "u" else None
        columns.append(
            Column(offset=offset, width=width, kind=kind, mask=mask, parameter=parameter)
        )
        offset += width
    return Layout(record_bytes=offset, little_endian=False, columns=tuple(columns))


def test_columns_of_several_widths_keep_all_their_bits(tmp_path: Path) -> None:
    layout, n_events = _mixed(), 50_000
    stored = np.random.default_rng(5).integers(0, 256, (n_events, 13), dtype=np.uint8)
    (tmp_path / "events").write_bytes(b"TEXT" + stored.tobytes())
    with (tmp_path / "events").open("rb", buffering=0) as stream:
        sample = take_sample(stream, 4, n_events, layout)

    length = sample.size // 16
    starts = [turn * (n_events - length) // 15 for turn in range(16)]
    looked_at = np.concatenate([stored[start : start + length] for start in starts])
    for column in layout.columns:
        cells = looked_at[:, column.offset : column.offset + column.width]
        numbers = [int.from_bytes(cell.tobytes(), "big") for cell in cells]
        if column.kind == "f":
            assert sample.stored(column).view(np.uint32).tolist() == numbers
        else:
            assert sample.stored(column).tolist() == numbers


def test_rows_of_32_bits_are_the_scale_values() -> None:
    layout = _mixed()
    content = np.random.default_rng(6).integers(0, 60, (300, 13), dtype=np.uint8).tobytes()
    with TemporaryFile(buffering=0) as stream:
        stream.write(content)
        sample = take_sample(stream, 0, 300, layout)

    rows = sample.scaled_rows(layout.columns)

    assert rows.dtype == np.float32
    for row, column in zip(rows, layout.columns, strict=True):
        assert row.tolist() == sample.scaled(column).astype(np.float32).tolist()
