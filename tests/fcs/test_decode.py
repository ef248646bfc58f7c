"""Stored numbers to scale values, against a slow twin made of loops and `math`."""

import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.errors import FcsError
from carflow.fcs import decode
from carflow.fcs.decode import read_columns, scale_in_place
from carflow.fcs.layout import Column, Layout
from carflow.fcs.parameters import Parameter


def _read(content: bytes, layout: Layout, columns: list[Column]) -> np.ndarray:
    out = np.empty((len(columns), len(content) // layout.record_bytes))
    with TemporaryDirectory() as folder:
        path = Path(folder, "events")
        path.write_bytes(b"HEAD" + content)
        read_columns(lambda: path.open("rb", buffering=0), layout, columns, out, begin=4)
    return out


def _column(width: int, offset: int, *, kind: str = "u", mask: int | None = None) -> Column:
    parameter = Parameter(
        number=1, name="A", marker="", bits=8 * width, range_max=float(2 ** (8 * width))
    )
    return Column(offset=offset, width=width, kind=kind, mask=mask, parameter=parameter)


@st.composite
def _stored_integers(draw: st.DrawFn) -> tuple[list[int], list[int | None], list[list[int]], bool]:
    widths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=5))
    masks = [
        draw(st.one_of(st.none(), st.integers(1, 8 * width - 1).map(lambda bits: 2**bits - 1)))
        for width in widths
    ]
    rows = draw(
        st.lists(
            st.tuples(*(st.integers(0, 2 ** (8 * width) - 1) for width in widths)).map(list),
            max_size=9,
        )
    )
    return widths, masks, rows, draw(st.booleans())


@settings(deadline=None)
@given(_stored_integers())
def test_integers_of_every_width_agree_with_the_slow_twin(
    case: tuple[list[int], list[int | None], list[list[int]], bool],
) -> None:
    widths, masks, rows, little = case
    columns = [
        _column(width, sum(widths[:place]), mask=mask)
        for place, (width, mask) in enumerate(zip(widths, masks, strict=True))
    ]
    layout = Layout(record_bytes=sum(widths), little_endian=little, columns=tuple(columns))
    order: Literal["little", "big"] = "little" if little else "big"
    content = b"".join(
        value.to_bytes(width, order)
        for row in rows
        for value, width in zip(row, widths, strict=True)
    )

    out = _read(content, layout, columns)

    assert out.tolist() == [
        [float(row[place] if mask is None else row[place] & mask) for row in rows]
        for place, mask in enumerate(masks)
    ]


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("letter", ["f", "d"])
def test_floating_point_values_arrive_bit_for_bit(letter: str, little: bool) -> None:
    values = [0.1, -0.0, 1e30, float("inf"), float("-inf"), float("nan"), 5e-324]
    content = struct.pack(f"{'<' if little else '>'}{len(values)}{letter}", *values)
    width = struct.calcsize(letter)
    column = _column(width, 0, kind="f")
    layout = Layout(record_bytes=width, little_endian=little, columns=(column,))

    out = _read(content, layout, [column])

    expected = struct.unpack(
        f"<{len(values)}{letter}", struct.pack(f"<{len(values)}{letter}", *values)
    )
    np.testing.assert_array_equal(out[0], expected)
    assert np.signbit(out[0, 1])


def test_only_the_wanted_columns_come_in_the_wanted_order() -> None:
    columns = [_column(1, place) for place in range(3)]
    layout = Layout(record_bytes=3, little_endian=True, columns=tuple(columns))

    out = _read(bytes(range(6)), layout, [columns[2], columns[0]])

    assert out.tolist() == [[2.0, 5.0], [0.0, 3.0]]


@pytest.mark.parametrize("processors", [1, 3])
def test_boundaries_of_blocks_and_threads_leave_no_trace(
    monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(decode, "processors", lambda: processors)
    monkeypatch.setattr(decode, "_WORTH_THREADS", 100_000)
    events = 200_000  # several blocks
    stored = np.arange(2 * events, dtype="<u4").reshape(events, 2)
    columns = [_column(4, 0), _column(4, 4)]
    layout = Layout(record_bytes=8, little_endian=True, columns=tuple(columns))

    out = _read(stored.tobytes(), layout, columns)

    assert np.array_equal(out, stored.T)


def test_numbers_of_several_widths_stand_where_they_were_asked_for() -> None:
    columns = [_column(2, 0, mask=0x0FFF), _column(1, 2), _column(4, 3), _column(2, 8, kind="u")]
    layout = Layout(record_bytes=10, little_endian=False, columns=tuple(columns))
    content = struct.pack(">HBIBH", 0xF123, 7, 70_000, 0, 9) * 2

    out = _read(content, layout, [columns[2], columns[0], columns[3], columns[1]])

    assert out.tolist() == [[70_000.0] * 2, [0x123] * 2, [9.0] * 2, [7.0] * 2]


@pytest.mark.parametrize("processors", [1, 2])
def test_a_file_that_became_shorter_is_refused_by_every_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, processors: int
) -> None:
    monkeypatch.setattr(decode, "processors", lambda: processors)
    monkeypatch.setattr(decode, "_WORTH_THREADS", 100)
    column = _column(1, 0)
    layout = Layout(record_bytes=1, little_endian=True, columns=(column,))
    path = tmp_path / "events"
    path.write_bytes(bytes(900))

    with pytest.raises(FcsError, match="the file became shorter while it was read: 100 bytes"):
        read_columns(
            lambda: path.open("rb", buffering=0), layout, [column], np.empty((1, 1000)), begin=0
        )


def _scaled(**changes: object) -> list[float]:
    plain: dict[str, object] = {
        "number": 1,
        "name": "A",
        "marker": "",
        "bits": 16,
        "range_max": 1024.0,
    }
    values = np.array([0.0, 512.0, 1024.0])
    scale_in_place(values, Parameter(**(plain | changes)))  # type: ignore[arg-type]  # one table of changes for all fields
    return values.tolist()  # type: ignore[no-any-return]  # numpy calls a list of floats Any


def test_gain_divides_and_time_counts_in_timesteps() -> None:
    assert _scaled() == [0.0, 512.0, 1024.0]
    assert _scaled(gain=2.0) == [0.0, 256.0, 512.0]
    assert _scaled(name="Time", timestep_s=0.5, gain=2.0) == [0.0, 256.0, 512.0]
    assert _scaled(name="Time", gain=2.0) == [0.0, 512.0, 1024.0]


def test_a_logarithmic_scale_follows_the_standard_and_no_gain_is_put_on_top() -> None:
    # FCS 3.1 section 3.2.20: 10 ** (f1 * x / R) * f2
    assert _scaled(decades=4.0, log_zero=0.5) == pytest.approx([0.5, 50.0, 5000.0])
    assert _scaled(decades=4.0, gain=2.0) == pytest.approx([1.0, 100.0, 10_000.0])
