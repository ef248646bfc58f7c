"""Six of sixteen columns of a million events: carflow, FlowIO, fcsparser and a bare read.

    python -m pytest tests/benchmarks/bench_fcs.py -m benchmark -s

All contenders run in turn, round after round in one process on one file in the page cache; the
fastest round of each counts. The bare read goes through one small buffer that is used again, so
that its bytes never leave the processor's cache; a read into fresh memory, which a reader's
columns need too, is shown beside it.

carflow is asked for float64 and for float32, which holds the values of both files exactly. The
bar is 4 times the bare read. Where 32 MB of integers become 48 MB of float64 it is not met: most
of it goes into fresh memory, more than the processor's cache holds. "fresh rows" is what two
threads need to fill so much of it with ones, before anything is opened, read or decoded.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs

N_EVENTS, N_CHANNELS = 1_000_000, 16
CHANNELS = tuple(f"FL{number}-A" for number in range(1, N_CHANNELS + 1))
WANTED = ("FL1-A", "FL3-A", "FL5-A", "FL8-A", "FL12-A", "FL16-A")
PLACES = [CHANNELS.index(name) for name in WANTED]

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.filterwarnings("ignore"),  # those of the other readers
]


def _float_file(folder: Path) -> Path:
    events = np.random.default_rng(1).normal(1_000.0, 300.0, (N_EVENTS, N_CHANNELS))
    path = folder / "float.fcs"
    write_fcs(
        path,
        events.astype(np.float32),
        channels=CHANNELS,
        markers=("",) * N_CHANNELS,
        keywords={"$BTIM": "10:00:00", "$ETIM": "10:01:00"},
    )
    return path


def _integer_file(folder: Path) -> Path:
    """Write 16-bit integers of which 10 bits count, with a mark of the instrument above."""
    events = np.random.default_rng(2).integers(0, 1024, (N_EVENTS, N_CHANNELS))
    keywords = {
        "$BEGINDATA": "4096", "$ENDDATA": str(4096 + N_EVENTS * N_CHANNELS * 2 - 1),
        "$BYTEORD": "4,3,2,1", "$DATATYPE": "I", "$MODE": "L", "$NEXTDATA": "0",
        "$PAR": str(N_CHANNELS), "$TOT": str(N_EVENTS), "$BEGINANALYSIS": "0",
        "$ENDANALYSIS": "0", "$BEGINSTEXT": "0", "$ENDSTEXT": "0",
    }  # fmt: skip
    for number, name in enumerate(CHANNELS, start=1):
        keywords |= {f"$P{number}N": name, f"$P{number}B": "16"}
        keywords |= {f"$P{number}E": "0,0", f"$P{number}R": "1024"}
    text = ("|" + "|".join(part for pair in keywords.items() for part in pair) + "|").encode()
    offsets = (256, 255 + len(text), 4096, 4095 + N_EVENTS * N_CHANNELS * 2, 0, 0)
    header = "FCS3.0    " + "".join(f"{offset:8d}" for offset in offsets)
    path = folder / "integer.fcs"
    head = (header.ljust(256).encode() + text).ljust(4096)
    path.write_bytes(head + (events + 0x4000).astype(">u2").tobytes())
    return path


def _with_carflow(path: Path) -> np.ndarray:
    return read_fcs(path).columns(WANTED)


def _with_carflow_float32(path: Path) -> np.ndarray:
    return read_fcs(path).columns(WANTED, dtype=np.float32)


def _with_flowio(path: Path) -> np.ndarray:
    flowio = pytest.importorskip("flowio")
    values = flowio.FlowData(str(path)).as_array(preprocess=True)
    return np.asarray(values[:, PLACES].T)


def _with_fcsparser(path: Path) -> np.ndarray:
    import fcsparser  # type: ignore[import-not-found]  # an old reader that few have installed

    _, frame = fcsparser.parse(str(path))
    return np.asarray(frame.iloc[:, PLACES].T)


def _bare_into_fresh_memory(path: Path) -> bytes:
    """Read the bytes into fresh memory; `bytes` objects would be given back to be used again."""
    buffer = np.empty(path.stat().st_size, dtype=np.uint8)
    with path.open("rb", buffering=0) as stream:
        stream.readinto(buffer.data)
    return bytes(buffer[:1])


def _fresh_rows(_: Path) -> np.ndarray:
    """Fill as much fresh memory as the columns take as float64, by two threads."""
    rows = np.empty((len(WANTED), N_EVENTS))
    half = len(WANTED) // 2
    other = threading.Thread(target=rows[half:].fill, args=(1.0,))
    other.start()
    rows[:half].fill(1.0)
    other.join()
    return rows


def _bare(path: Path) -> None:
    buffer = memoryview(bytearray(1 << 20))
    with path.open("rb", buffering=0) as stream:
        while stream.readinto(buffer):
            pass


def _fastest(
    path: Path, contenders: dict[str, Callable[[Path], object]], rounds: int
) -> dict[str, float]:
    """Return seconds of the fastest round of each, all of them in turn.

    Each round begins with the next contender: whoever comes after a reader finds the file in
    the processor's cache, whoever comes after FlowIO does not.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for first in range(rounds):
        for turn in range(len(names)):
            name = names[(first + turn) % len(names)]
            read = contenders[name]
            began = time.perf_counter()
            read(path)
            times[name].append(time.perf_counter() - began)
    return {name: min(found) for name, found in times.items()}


def _shown(kind: str, times: dict[str, float]) -> None:
    print()  # noqa: T201  # a benchmark prints its numbers
    for name, seconds in times.items():
        ratio = seconds / times["bare read"]
        print(f"{kind:9}{name:13}{1_000 * seconds:9.1f} ms{ratio:8.2f} x bare read")  # noqa: T201


def _contenders() -> dict[str, Callable[[Path], object]]:
    contenders: dict[str, Callable[[Path], object]] = {
        "carflow": _with_carflow,
        "as float32": _with_carflow_float32,
        "bare read": _bare,
        "fresh memory": _bare_into_fresh_memory,
        "fresh rows": _fresh_rows,
        "FlowIO": _with_flowio,
    }
    try:
        import fcsparser  # noqa: F401  # only to know whether it works here
    except (ImportError, AttributeError):
        print("fcsparser is left out: it is not installed or not made for this numpy")  # noqa: T201
    else:
        contenders["fcsparser"] = _with_fcsparser
    return contenders


def test_float_files_are_read_five_times_faster_than_by_flowio(tmp_path: Path) -> None:
    path = _float_file(tmp_path)
    assert np.array_equal(_with_carflow(path), _with_flowio(path))
    assert np.array_equal(_with_carflow_float32(path), _with_flowio(path))

    times = _fastest(path, _contenders(), rounds=10)

    _shown("float", times)
    assert times["FlowIO"] >= 5.0 * times["carflow"]
    assert times["carflow"] <= 4.0 * times["bare read"]
    assert times["as float32"] <= 4.0 * times["bare read"]


def test_masked_integer_files_are_read_fifty_times_faster_than_by_flowio(tmp_path: Path) -> None:
    path = _integer_file(tmp_path)
    assert np.array_equal(_with_carflow(path), _with_flowio(path))
    assert np.array_equal(_with_carflow_float32(path), _with_flowio(path))

    times = _fastest(path, _contenders(), rounds=10)

    _shown("integer", times)
    assert times["FlowIO"] >= 50.0 * times["carflow"]
    assert times["as float32"] <= 4.0 * times["bare read"]
    if times["carflow"] > 4.0 * times["bare read"]:
        ratio = times["carflow"] / times["bare read"]
        pytest.xfail(f"as float64 {ratio:.1f} × the bare read; see above why")


@pytest.mark.parametrize("make", [_float_file, _integer_file])
def test_memory_stays_below_one_and_a_half_times_the_columns(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    program = (
        "import re, sys\n"
        "from carflow.fcs.reader import read_fcs\n"
        "import numpy.linalg\n"
        "status = lambda: open('/proc/self/status').read()\n"
        "def peak(): return 1024 * int(re.search(r'VmHWM:\\s+(\\d+)', status())[1])\n"
        "before = peak()\n"
        f"values = read_fcs(sys.argv[1]).columns({WANTED!r})\n"
        "print((peak() - before) / values.nbytes)\n"
    )
    command = [sys.executable, "-c", program, str(make(tmp_path))]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # this test's own program

    print(f"\npeak above import: {float(ran.stdout):.2f} x the columns returned")  # noqa: T201
    assert float(ran.stdout) < 1.5
