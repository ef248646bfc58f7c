"""A first sample sheet from a folder of FCS files, with every guess marked as a guess.

Guesses come from file names alone: what a file says inside may be as wrong and is private. What
cannot be guessed is left blank, so that the drafted sheet cannot be run until a person has
filled it in; what was guessed is listed in the column ``guessed``, which warns until emptied.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import SheetError
from carflow.study.folder import is_fcs
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("file", "sample_id", "subject_id", "day", "sample_type", "guessed")

# "day07", "d7", "D+14", "_7d". "CD7" is a marker, and the hyphen of "d-5" may be a minus sign
# or only a hyphen: neither is a day.
_DAY = re.compile(
    r"(?<![a-z0-9])(?:d|day|tag)[ _.+]?(?P<after>\d{1,3})(?![a-z0-9]|\.\d)"
    r"|(?<![a-z0-9.-])(?P<before>\d{1,3})(?:d|days?)(?![a-z0-9])"
)
_FORMULA_SIGNS = "=+-@"
_WORDS = (
    (SampleType.FMO, re.compile(r"fmo")),
    (
        SampleType.UNTRANSDUCED,
        re.compile(r"untransduced|non-?transduced|(?<![a-z])(utd|mock)(?![a-z])"),
    ),
    (
        SampleType.PRE_INFUSION,
        re.compile(r"pre[ _-]?(infusion|dose)|baseline|(?<![a-z])pre(?![a-z])"),
    ),
)


def draft_sheet(folder: str | Path) -> str:
    """Return the text of a sample sheet (CSV) for the FCS files of a folder and its subfolders.

    FCS files are known by their first bytes. `file` is always right; `sample_id`, `day` and
    `sample_type` are guesses from the name, listed in `guessed`; `subject_id` is left to the
    user. How many data sets a file holds is not examined.

    Raises
    ------
    SheetError
        If the folder does not exist or holds no FCS file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SheetError("there is no such folder", hint="check the path").at(folder.name)
    names = sorted(_fcs_names(folder))
    if not names:
        raise SheetError("the folder holds no FCS file", hint="check the path").at(folder.name)
    stems = Counter(_stem(name).casefold() for name in names)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name in names:
        writer.writerow(_row(name, is_unique=stems[_stem(name).casefold()] == 1))
    return text.getvalue()


def guess_day(stem: str) -> int | None:
    """Return the day a file name speaks of, or None if it names none, or two.

    Examples
    --------
    >>> guess_day("P01_day07_CAR"), guess_day("P01_CD7"), guess_day("d3_d5")
    (7, None, None)
    """
    found = {int(match["after"] or match["before"]) for match in _DAY.finditer(stem.casefold())}
    return found.pop() if len(found) == 1 else None


def guess_sample_type(stem: str, *, has_day: bool) -> SampleType | None:
    """Return what a file name says the tube is for; a day alone speaks for a patient's sample.

    Examples
    --------
    >>> guess_sample_type("day07_CAR-FMO", has_day=True)
    <SampleType.FMO: 'FMO'>
    """
    for sample_type, words in _WORDS:
        if words.search(stem.casefold()):
            return sample_type
    return SampleType.PATIENT if has_day else None


def _fcs_names(folder: Path) -> Iterator[str]:
    for place, subfolders, files in os.walk(folder, onerror=_refuse_subfolder):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for file in files:
            path = Path(place, file)
            if is_fcs(path):
                yield _encodable(path.relative_to(folder).as_posix())


def _refuse_subfolder(error: OSError) -> None:
    raise SheetError(f"a subfolder cannot be opened: {error.strerror}") from None


def _encodable(name: str) -> str:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise SheetError(
            "the name of an FCS file is not valid UTF-8", hint="rename the file"
        ) from None
    return name


def _row(name: str, *, is_unique: bool) -> dict[str, str]:
    stem = _stem(name)
    day = guess_day(stem)
    sample_type = guess_sample_type(stem, has_day=day is not None)
    guesses = {
        # two files of one name in two folders are told apart by their folders
        "sample_id": (stem if is_unique else _without_ending(name).replace("/", "_")),
        "day": "" if day is None else str(day),
        "sample_type": "" if sample_type is None else str(sample_type),
    }
    guesses["sample_id"] = guesses["sample_id"].lstrip(_FORMULA_SIGNS)
    return {
        # a spreadsheet would calculate a name that starts like a formula
        "file": f"./{name}" if name.startswith(tuple(_FORMULA_SIGNS)) else name,
        "guessed": " ".join(column for column, guess in guesses.items() if guess),
        **guesses,
    }


def _stem(name: str) -> str:
    return _without_ending(name).rpartition("/")[2]


def _without_ending(name: str) -> str:
    # others, like the ".001" of old BD files, tell tubes apart
    return re.sub(r"\.(fcs|lmd)$", "", name, flags=re.IGNORECASE)
