"""Numbers are picked out of records as `struct` reads them, by compiled code and by numpy."""

import math
import struct
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.compiled.loading import SWITCH, library
from carflow.fcs.layout import Column, Layout
from carflow.fcs.parameters import Parameter
from carflow.fcs.records import Picker, _Compiled

PARAMETER = Parameter(number=1, name="FL1-A", marker="", bits=16, range_max=1024.0)
CODES = {("u", 1): "B", ("u", 2): "H", ("u", 4): "I", ("u", 8): "Q", ("f", 4): "f", ("f", 8): "d"}
ODD = [0.0, -0.0, 1.5, -3e38, 1e-45, math.inf, -math.inf]
WAYS = ["1", "0"] if library() is not None else ["0"]


@st.composite
def _layouts(draw: st.DrawFn) -> Layout:
    """Records of up to 24 columns; of one width, or of several."""
    kinds = draw(st.lists(st.sampled_from(sorted(CODES)), min_size=1, max_size=24))
    if draw(st.booleans()):
        kinds = [kinds[0]] * len(kinds)
    columns, offset = [], 0
    for kind, width in kinds:
        bits = draw(st.sampled_from([None, 1, 8 * width - 1])) if kind == "u" else None
        mask = None if bits is None else 2**bits - 1
        columns.append(
            Column(offset=offset, width=width, kind=kind, mask=mask, parameter=PARAMETER)
        )
        offset += width
    return Layout(record_bytes=offset, little_endian=draw(st.booleans()), columns=tuple(columns))


def _picked(
    layout: Layout, columns: list[Column], content: bytes, out: np.ndarray, way: str
) -> np.ndarray:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SWITCH, way)
        picker = Picker(layout, columns, events=out.shape[1])
    assert (picker._compiled is not None) == (way == "1")
    with TemporaryFile(buffering=0) as stream:
        stream.write(b"TEXT" + content + b"behind")
        stream.seek(4)
        picker.read(stream, out)
        assert stream.tell() == 4 + len(content)
    return out


@settings(deadline=None, max_examples=150)
@given(data=st.data(), layout=_layouts(), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("way", WAYS)
def test_every_number_is_the_one_that_struct_reads(
    way: str, data: st.DataObject, layout: Layout, seed: int
) -> None:
    events = data.draw(st.sampled_from([1, 7, 8, 9, 511, 512, 513]))
    rng = np.random.default_rng(seed)
    order = "<" if layout.little_endian else ">"
    codes = [CODES[one.kind, one.width] for one in layout.columns]
    form = struct.Struct(order + "".join(codes))
    floats = np.array(ODD)[rng.integers(0, len(ODD), events)]
    stored: list[Any] = [
        rng.integers(0, 2 ** (8 * one.width), events, dtype=np.uint64).tolist() if one.kind == "u"
        else floats.astype(f"f{one.width}").tolist()
        for one in layout.columns
    ]  # fmt: skip
    content = b"".join(form.pack(*event) for event in zip(*stored, strict=True))
    rows = data.draw(st.lists(st.integers(0, len(codes) - 1), min_size=1, max_size=8, unique=True))
    wanted = [layout.columns[row] for row in rows]

    found = _picked(layout, wanted, content, np.full((len(rows), events), -1.0), way)

    for place, row in enumerate(rows):
        mask = layout.columns[row].mask
        numbers = stored[row] if mask is None else [number & mask for number in stored[row]]
        right = np.array(numbers, dtype=np.float64)
        assert found[place].tobytes() == right.tobytes(), layout.columns[row]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["u", "f"])
def test_values_of_32_bits_go_into_rows_of_a_larger_array(way: str, kind: str) -> None:
    columns = tuple(
        Column(offset=4 * place, width=4, kind=kind, mask=None, parameter=PARAMETER)
        for place in range(6)
    )
    layout = Layout(record_bytes=24, little_endian=True, columns=columns)
    stored = np.arange(6_000).reshape(1_000, 6).astype(f"{kind}4")
    whole = np.full((3, 1_200), -1.0, dtype=np.float32)

    _picked(
        layout, [columns[5], columns[0], columns[3]], stored.tobytes(), whole[:, 100:1_100], way
    )

    assert whole[:, 100:1_100].tolist() == stored[:, [5, 0, 3]].T.tolist()
    assert set(whole[:, :100].ravel()) == set(whole[:, 1_100:].ravel()) == {-1.0}


def test_no_bit_of_what_is_no_number_is_lost() -> None:
    column = Column(offset=0, width=4, kind="f", mask=None, parameter=PARAMETER)
    layout = Layout(record_bytes=4, little_endian=True, columns=(column,))
    stored = np.array([0x7FC01234, 0xFFC00001], dtype="<u4")

    for way in WAYS:
        out = np.zeros((1, 2), dtype=np.float32)
        _picked(layout, [column], stored.tobytes(), out, way)
        assert out.view(np.uint32).tolist() == [[0x7FC01234, 0xFFC00001]]


def test_columns_in_sixteen_bytes_of_a_record_share_a_window() -> None:
    columns = [
        Column(offset=offset, width=2, kind="u", mask=None, parameter=PARAMETER)
        for offset in (0, 4, 14, 16, 30, 34)
    ]
    layout = Layout(record_bytes=36, little_endian=False, columns=tuple(columns))
    compiled = _Compiled.of(layout, columns)

    if compiled is not None:
        # the last one ends with the record, so that nothing beyond it is read
        assert compiled.windows["offset"].tolist() == [0, 16, 20]
        assert compiled.windows["count"].tolist() == [3, 2, 1]
