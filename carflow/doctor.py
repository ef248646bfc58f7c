"""Whether this installation gives the numbers it must: its packages, and a test on known answers.

What lives here: questions whose answers are known, asked of the functions that a run calls. Where
there is one, the answer is somebody else's: a file written here byte by byte, the table of the
Gating-ML 2.0 specification, published bounds of shares, areas and half-lives that follow from their
formula. The sample course is asked for the events it was counted with when carflow was released.
Tubes of a laboratory are never judged here.

Why any exception is an answer: an installation can be broken in any way, and whoever asks this
wants to hear of all of it.
"""

from __future__ import annotations

import math
import platform
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from carflow import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CUT_OFF = 3  # bytes
_COURSE_EVENTS = {
    "P01-pre": (9_975, 0),
    "P01-d01": (9_973, 426),
    "P01-d04": (9_945, 1_226),
    "P01-d07": (9_954, 4_512),
    "P01-d12": (9_901, 6_919),
    "P01-d14": (9_876, 2_398),
    "P01-d21": (9_827, 790),
    "P01-d28": (9_777, 335),
    "P01-d12-FMO": (9_860, 0),
}


class Answer(NamedTuple):
    """A question, the answer that is right, the one that was given, and how far off it may be."""

    question: str
    right: object
    given: object
    tolerance: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether the answer is the right one."""
        if isinstance(self.right, float) and isinstance(self.given, float):
            return math.isclose(self.given, self.right, rel_tol=0.0, abs_tol=self.tolerance)
        return self.given == self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was examined, whether it is well, and what there is to say."""

    name: str
    is_well: bool
    told: str


def examine() -> tuple[Examined, ...]:
    """Return what was found: the packages first, then each part of carflow on known answers.

    Nothing of the machine is changed; what is written goes to a folder that is deleted again.
    """
    return (
        _packages(),
        _compiled_part(),
        *(_examined(name, ask) for name, ask in _QUESTIONS.items()),
    )


def versions_text() -> str:
    """Return the versions of carflow and of what it runs on.

    Examples
    --------
    >>> versions_text().startswith("carflow ")
    True
    """
    system = f"{platform.system()} {platform.machine()}"
    return f"carflow {__version__}, Python {platform.python_version()} on {system}"


def _packages() -> Examined:
    """Return whether every package that carflow needs is there in a version that it knows."""
    from packaging.requirements import Requirement

    try:
        needed = [Requirement(text) for text in metadata.requires("carflow") or ()]
    except metadata.PackageNotFoundError:
        told = "carflow itself was not installed, so what it needs is not known (pip install)"
        return Examined(name="packages", is_well=False, told=told)
    found, wrong = [], []
    for one in needed:
        is_extra = one.marker is not None and not one.marker.evaluate({"extra": ""})
        version = _version_of(one.name)
        if version and version in one.specifier:
            found.append(f"{one.name} {version}")
        elif version:
            wrong.append(f"{one.name} {version} is installed, needed is {one.specifier}")
        elif is_extra:
            found.append(f"{one.name} not installed (an extra)")
        else:
            wrong.append(f"{one.name} is not installed")
    told = "; ".join(wrong) if wrong else ", ".join(found)
    return Examined(name="packages", is_well=not wrong, told=told)


def _compiled_part() -> Examined:
    """Return whether there is one; an installation without it is well."""
    from carflow.compiled.loading import library

    told = "used"
    if library() is None:
        told = (
            "none, or switched off: large tubes take up to three times as long, "
            "and no number changes"
        )
    return Examined(name="compiled part", is_well=True, told=told)


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _examined(name: str, ask: Callable[[], Iterator[Answer]]) -> Examined:
    try:
        answers = list(ask())
    except Exception as error:  # noqa: BLE001  # see the module's docstring
        told = f"{type(error).__name__}: {error}"
        return Examined(name=name, is_well=False, told=told)
    wrong = [one for one in answers if not one.is_right]
    told = f"{len(answers)} answers, all right"
    if wrong:
        first = wrong[0]
        told = (
            f"{len(wrong)} of {len(answers)} answers are wrong, first: {first.question} is "
            f"{first.right}, given was {first.given}"
        )
    return Examined(name=name, is_well=not wrong, told=told)


def _reading() -> Iterator[Answer]:
    """Ask for the integers of a file written byte by byte, and for a refusal when it is cut."""
    from carflow.errors import FcsError
    from carflow.fcs.reader import read_fcs

    stored = ((1, 1023), (0x4000 | 7, 512), (300, 0x8000 | 9))  # ten bits count
    content = _integer_file([number for event in stored for number in event])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "known.fcs"
        path.write_bytes(content)
        tube = read_fcs(path)
        yield Answer("events of a file of 16-bit integers", 3, tube.n_events)
        yield Answer("its first column", [1.0, 7.0, 300.0], tube.column("FL1").tolist())
        yield Answer("its second column", [1023.0, 512.0, 9.0], tube.column("FL2").tolist())
        path.write_bytes(content[:-_CUT_OFF])
        code = "read without a word"
        try:
            read_fcs(path)
        except FcsError as error:
            code = error.code
        yield Answer("the file cut short", "FCS-TRUNCATED", code)


def _integer_file(numbers: list[int]) -> bytes:
    """Return an FCS 3.1 file of two channels of 16 bits, of which ten count."""
    text_begin, data_begin = 256, 1024
    data = b"".join(number.to_bytes(2, "big") for number in numbers)
    data_end = data_begin + len(data) - 1
    keywords = {
        "$BEGINANALYSIS": 0, "$ENDANALYSIS": 0, "$BEGINSTEXT": 0, "$ENDSTEXT": 0,
        "$BEGINDATA": data_begin, "$ENDDATA": data_end, "$BYTEORD": "4,3,2,1", "$DATATYPE": "I",
        "$MODE": "L", "$NEXTDATA": 0, "$PAR": 2, "$TOT": len(numbers) // 2,
        "$P1N": "FL1", "$P1B": 16, "$P1E": "0,0", "$P1R": 1024,
        "$P2N": "FL2", "$P2B": 16, "$P2E": "0,0", "$P2R": 1024,
    }  # fmt: skip
    text = "|" + "".join(f"{name}|{value}|" for name, value in keywords.items())
    offsets = (text_begin, text_begin + len(text) - 1, data_begin, data_end, 0, 0)
    header = "FCS3.1    " + "".join(f"{offset:8d}" for offset in offsets)
    return (header.ljust(text_begin) + text).ljust(data_begin).encode("ascii") + data


def _gating() -> Iterator[Answer]:
    """Ask for the logicle of the Gating-ML 2.0 specification: T = 1000, W = 1, M = 4, A = 0.

    And for the events of a file in gates whose bounds some of them lie on.
    """
    import numpy as np

    from carflow.fcs.reader import read_fcs
    from carflow.fcs.writer import write_fcs
    from carflow.gating.engine import gate
    from carflow.gating.scales import Identity, Logicle
    from carflow.gating.shapes import Interval, Polygon
    from carflow.gating.strategy import Dimension, Population, Strategy

    known = {
        -10.0: 0.067574, -5.0: 0.147986, -1.0: 0.228752, 0.0: 0.25, 0.3: 0.256384,
        1.0: 0.271248, 3.0: 0.312897, 10.0: 0.432426, 100.0: 0.739548, 1000.0: 1.0,
    }  # fmt: skip
    scale = Logicle(t=1000.0, w=1.0, m=4.0, a=0.0)
    for value, right in known.items():
        given = float(scale.forward(np.array([value]))[0])
        yield Answer(f"the logicle of {value:g}", right, given, 5e-7)
    square = Polygon(vertices=((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
    inside = square.contains([np.array([0.0, 4.0, 4.1, 2.0]), np.array([0.0, 2.0, 4.0, 2.0])])
    yield Answer("which points lie in a square", [True, True, False, True], inside.tolist())
    axis = Dimension(name="FL1", scale=Identity(), compensated=False)
    middle = Population(
        name="middle", path=("middle",), shape=Interval(low=250.0, high=750.0), dimensions=(axis,)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ramp.fcs"
        ramp = np.arange(1000.0, dtype=np.float32)[:, np.newaxis]
        write_fcs(path, ramp, channels=("FL1",), markers=("",), keywords={})
        gated = gate(read_fcs(path), Strategy(name="ramp", populations=(middle,)))
    yield Answer("how many of 0 to 999 are in [250, 750)", 500, gated.counts["middle"])
    yield Answer(
        "which of them", list(range(250, 750)), np.flatnonzero(gated.mask("middle")).tolist()
    )


def _counting() -> Iterator[Answer]:
    """Ask for the published bounds of 81 of 263 (Newcombe 1998) and for those of 0 of 20."""
    from carflow.quantify.intervals import clopper_pearson, wilson

    low, high = wilson(81, 263)
    yield Answer("the lower bound of 81 of 263 by Wilson", 0.2553, low, 5e-5)
    yield Answer("the upper bound of 81 of 263 by Wilson", 0.3662, high, 5e-5)
    upper = clopper_pearson(0, 20).high
    yield Answer("the upper bound of 0 of 20", 1.0 - 0.025 ** (1 / 20), upper, 1e-9)


def _kinetics() -> Iterator[Answer]:
    """Ask for areas, a half-life and a bracket that follow from their formulas."""
    from carflow.kinetics.nca import nca
    from carflow.kinetics.peak import estimate_peak

    days = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]
    halving = [0.0, 64.0, 32.0, 16.0, 8.0, 4.0]  # every four days
    course = nca(days, halving, auc_rule="linear")
    yield Answer("a linear area", 488.0, course.auc_last.value, 1e-9)
    yield Answer("a half-life", 4.0, course.half_life.value, 1e-9)
    logarithmic = 4.0 * 32.0 + 60.0 * 4.0 / math.log(2.0)
    area = nca(days, halving).auc_last.value
    yield Answer("a linear-up log-down area", logarithmic, area, 1e-9)
    peak = estimate_peak([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
    yield Answer("the highest day of the model case", 12.0, peak.day.value)
    yield Answer("its bracket", (7.0, 14.0), peak.bracket)


def _course() -> Iterator[Answer]:
    """Ask for the events of the sample course, and for its report in a folder of its own."""
    from carflow.gating.reading import read_gates, shipped_folder
    from carflow.pipeline import run
    from carflow.report.outputs import write_outputs
    from carflow.study.sheet import read_study

    study = read_study(shipped_folder("sample_fcs") / "samples.csv")
    result = run(study, read_gates("car_t_blood"))
    for tube in result.tube_results:
        counts = {one.population.rpartition("/")[2]: one.count for one in tube.populations}
        given = counts.get("CD3+"), counts.get("CAR+")
        yield Answer(f"CD3+ and CAR+ of {tube.sample_id}", _COURSE_EVENTS[tube.sample_id], given)
    curve = result.subject("P01").kinetics_of("car_pct_cd3")
    yield Answer("its peak day", 12.0, None if curve is None else curve.peak.day.value)
    with tempfile.TemporaryDirectory() as folder:
        write_outputs(result, Path(folder))
        page = (Path(folder) / "report.html").read_text(encoding="utf-8")
        yield Answer("whether its page tells the peak", True, "on day 12" in page)
        pictures = len(list((Path(folder) / "figures").glob("*.png")))
        yield Answer("whether it has pictures", True, pictures > 0)


_QUESTIONS: dict[str, Callable[[], Iterator[Answer]]] = {
    "reading": _reading,
    "gating": _gating,
    "counting": _counting,
    "kinetics": _kinetics,
    "sample course": _course,
}
