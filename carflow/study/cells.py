"""One cell of a table and what it may say: numbers, days, laboratory values, words.

Nothing here opens a file or knows a column. Each parser takes the text of one cell and returns
its value, or raises a `SheetError` without a place; the row and the column are put in front by
`carflow.study.table`. A parser never turns a word into a number: what it does not know, it
refuses.

Decisions
---------
*Own number grammar.* ``float()`` takes ``nan``, ``1_000`` and digits of other scripts, and a
data frame turns ``001`` into 1 and ``NA`` into NaN. A cell is text until its column says more.

*Decimal comma.* Programs that separate fields by ``;`` do so because the comma is their decimal
sign. There the comma is a decimal sign and a point is one only where it cannot be a thousands
sign; in tab-separated tables and in text cells of a workbook it is the other way round; where
the comma separates the fields it is no decimal sign at all. ``51,667`` beads read as 51.667
would be wrong by a factor of 1000 and nothing downstream could tell.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from carflow.errors import SheetError
from carflow.study.model import LabValue, Preparation, SampleType

MISSING_WORDS = frozenset({"", "na", "n/a", "-", "–", "—"})

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SEVERAL_SIGNS = re.compile(r"[+-]?\d+(?:[.,' ]\d+){2,}|[+-]?\d+[' ]\d{3}(?:[.,]\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_LONGEST_ID = 100
_LONGEST_QUOTE = 40
# Excel counts calendar days from 1900, so its dates of today are numbers above 40,000.
_LAST_DAY = 36_500
_FIRST_DAY = -365

_NUMBER_HINT = "write digits with a decimal point, for example 2.1"
_DAY_HINT = "write the days since infusion, for example 7"
_LAB_HINT = "write a number, for example 2.1, or <0.1 for a value below the limit"

_SAMPLE_TYPES = {
    "patient": SampleType.PATIENT,
    "sample": SampleType.PATIENT,
    "postinfusion": SampleType.PATIENT,
    "preinfusion": SampleType.PRE_INFUSION,
    "pre": SampleType.PRE_INFUSION,
    "predose": SampleType.PRE_INFUSION,
    "baseline": SampleType.PRE_INFUSION,
    "fmo": SampleType.FMO,
    "carfmo": SampleType.FMO,
    "fmocar": SampleType.FMO,
    "fmocontrol": SampleType.FMO,
    "untransduced": SampleType.UNTRANSDUCED,
    "nontransduced": SampleType.UNTRANSDUCED,
    "utd": SampleType.UNTRANSDUCED,
    "mock": SampleType.UNTRANSDUCED,
    "beadqc": SampleType.BEAD_QC,
    "beads": SampleType.BEAD_QC,
    "healthy": SampleType.HEALTHY,
    "healthydonor": SampleType.HEALTHY,
    "healthycontrol": SampleType.HEALTHY,
    "hd": SampleType.HEALTHY,
}


_BELOW_WORDS = frozenset(
    {
        "blq", "bloq", "bql", "lloq", "<lloq", "<loq", "<lod", "nd", "bld", "tnd", "neg",
        "negative", "not detected", "undetected", "undetectable", "target not detected",
    }
)  # fmt: skip
_PREPARATIONS = {
    "wholeblood": Preparation.BLOOD,
    "blood": Preparation.BLOOD,
    "lysedwholeblood": Preparation.BLOOD,
    "lysedblood": Preparation.BLOOD,
    "lysenowash": Preparation.BLOOD,
    "pbmc": Preparation.PBMC,
    "pbmcs": Preparation.PBMC,
    "mononuclearcells": Preparation.PBMC,
    "ficoll": Preparation.PBMC,
}


class CellKind(StrEnum):
    """What a workbook says a cell is; everything in a text table is TEXT."""

    TEXT = "text"
    NUMBER = "a number"
    DATE = "a date"
    TRUTH = "a truth value"
    ERROR = "an error"
    FORMULA = "a formula without a stored result"


class Cell(NamedTuple):
    """The text of a cell without blanks around it, and what the workbook says it is."""

    text: str
    kind: CellKind = CellKind.TEXT


def quoted(text: str) -> str:
    """Return `text` in quotation marks, shortened to 40 characters.

    Examples
    --------
    >>> quoted("D7")
    '"D7"'
    >>> quoted("x" * 60) == '"' + "x" * 39 + '…"'
    True
    """
    if len(text) > _LONGEST_QUOTE:
        text = text[: _LONGEST_QUOTE - 1] + "…"
    return f'"{text}"'


def is_missing(text: str) -> bool:
    """Return whether an optional cell says that there is nothing to say.

    Examples
    --------
    >>> [is_missing(text) for text in ("", "N/A", "-", "0")]
    [True, True, True, False]
    """
    return text.strip().casefold() in MISSING_WORDS


@dataclass(frozen=True, slots=True)
class NumberGrammar:
    """How numbers are written in one table.

    Parameters
    ----------
    signs : str
        The decimal signs: the first always is one, the second (if any) only where it cannot be
        a thousands sign.

    Examples
    --------
    >>> NumberGrammar(",.").number("1,5")
    1.5
    >>> NumberGrammar(".").number("1,5")
    Traceback (most recent call last):
    carflow.errors.SheetError: "1,5" has a comma (write a decimal point and no thousands sign)
    """

    signs: str = "."

    def number(self, text: str, *, hint: str = _NUMBER_HINT) -> float:
        """Return the finite number a cell holds.

        Raises
        ------
        SheetError
            If the cell is not a number, could be two numbers, or is too large.
        """
        if _SEVERAL_SIGNS.fullmatch(text):
            raise SheetError(
                f"{quoted(text)} has a thousands sign",
                hint="write the digits without it, for example 1234.5",
            )
        if not _NUMBER.fullmatch(text):
            if text.startswith(("\N{MINUS SIGN}", "\N{EN DASH}")):
                hint = "write the minus sign as an ordinary hyphen"
            raise SheetError(f"{quoted(text)} is not a number", hint=hint)
        self._check_decimal_sign(text)
        value = float(text.replace(",", "."))
        if not math.isfinite(value):
            raise SheetError(f"{quoted(text)} is too large", hint=hint)
        return value + 0.0  # no negative zero

    def _check_decimal_sign(self, text: str) -> None:
        if "," in text and "," not in self.signs:
            raise SheetError(
                f"{quoted(text)} has a comma", hint="write a decimal point and no thousands sign"
            )
        sign = "," if "," in text else "."
        if sign != self.signs[0] and _THOUSANDS.fullmatch(text):
            whole, one = text.replace(sign, ""), text.replace(sign, ".")
            raise SheetError(
                f"{quoted(text)} could be {whole} or {one}", hint=f"write {whole} or {one}0"
            )

    def day(self, text: str) -> float:
        """Return days since infusion: a plain number from -365 on.

        Labels such as ``D7`` are refused, since laboratories count from day 0 or from day 1.
        """
        value = self.number(text, hint=_DAY_HINT)
        if value < _FIRST_DAY:
            raise SheetError(f"{value:g} lies more than a year before the infusion", hint=_DAY_HINT)
        if value > _LAST_DAY:
            raise SheetError(f"{value:g} looks like a date, not a day", hint=_DAY_HINT)
        return value

    def positive(self, text: str) -> float:
        """Return a number above zero (a volume, a number of beads)."""
        value = self.number(text)
        if value <= 0:
            raise SheetError(
                f"{value:g} is not above zero", hint="leave the cell empty if it is not known"
            )
        return value

    def dilution(self, text: str) -> float:
        """Return a dilution factor: 1 is undiluted, 10 is one part in ten."""
        value = self.number(text)
        if value < 1:
            raise SheetError(f"{value:g} is below 1", hint="write 10 for one part in ten")
        return value

    def lab_value(self, text: str) -> LabValue:
        """Return a laboratory's number, perhaps only known to lie below a limit (``<0.1``)."""
        below = text.startswith("<") and len(text) > 1
        value = self.number(text[1:].strip() if below else text, hint=_LAB_HINT)
        if value < 0 or (below and value == 0):
            raise SheetError(f"{quoted(text)} is no possible result", hint=_LAB_HINT)
        return LabValue(value, below=below)

    def blood_count(self, text: str) -> LabValue:
        """Return a haematology count in 10⁹/L, refusing what looks like cells/µL."""
        result = self.lab_value(text)
        if result.value > 200:
            raise SheetError(
                f"{result} × 10⁹/L looks like cells/µL",
                hint=f"divide by 1000: {LabValue(result.value / 1000, below=result.below)}",
            )
        return result

    def not_negative(self, text: str) -> float:
        """Return a number of 0 or more."""
        value = self.number(text)
        if value < 0:
            raise SheetError(f"{value:g} is negative", hint="leave the cell empty if not known")
        return value

    def percentage(self, text: str) -> float:
        """Return a percentage above 0 and up to 100."""
        value = self.number(text)
        if not 0 < value <= 100:
            raise SheetError(
                f"{value:g} is no percentage above 0 and up to 100",
                hint="leave the cell empty if it is not known",
            )
        return value

    def copies(self, text: str) -> LabValue:
        """Return gene copies: a number, ``<50``, or a word for "below the limit" such as ``ND``."""
        word = " ".join(text.casefold().split()).replace("< ", "<")
        return LabValue(0.0, below=True) if word in _BELOW_WORDS else self.lab_value(text)


def parse_preparation(text: str) -> Preparation:
    """Return what of the blood was kept: all of it (lysed or not), or mononuclear cells.

    Examples
    --------
    >>> str(parse_preparation("PBMCs")), str(parse_preparation("lysed whole blood"))
    ('PBMC', 'whole blood')
    """
    found = _PREPARATIONS.get(re.sub(r"[\s_-]", "", text.casefold()))
    if found is None:
        raise SheetError(f"{quoted(text)} is no preparation", hint="write whole blood or PBMC")
    return found


def parse_id(text: str) -> str:
    """Return an id exactly as written: ``001``, ``1E5``, ``NA`` and ``TRUE`` are ids."""
    if len(text) > _LONGEST_ID:
        raise SheetError(
            f"{quoted(text)} has {len(text)} characters", hint=f"use at most {_LONGEST_ID}"
        )
    return text


def parse_text(text: str) -> str:
    """Return free text as written."""
    return text


def parse_dataset(text: str) -> int:
    """Return the number of a data set inside a file; the first is 0."""
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise SheetError(
            f"{quoted(text)} is not a data set number",
            hint="write 0 for the first data set of the file, 1 for the second",
        )
    return int(text)


def parse_sample_type(text: str) -> SampleType:
    """Return the sample type, in its common spellings.

    Examples
    --------
    >>> parse_sample_type("Pre infusion").value, parse_sample_type("UTD").value
    ('pre-infusion', 'untransduced')
    """
    word = re.sub(r"[\s_-]", "", text.casefold())
    if word not in _SAMPLE_TYPES:
        raise SheetError(
            f"{quoted(text)} is no sample type", hint=f"write one of: {', '.join(SampleType)}"
        )
    return _SAMPLE_TYPES[word]


def parse_volume_unit(text: str) -> str:
    """Return the unit of $VOL a sheet insists on: ``nL`` or ``µL``."""
    unit = {"nl": "nL", "ul": "µL", "μl": "µL"}.get(text.casefold())
    if unit is None:
        raise SheetError(
            f"{quoted(text)} is no unit of $VOL", hint="write nL or µL, or leave the cell empty"
        )
    return unit


def parse_exclude_reason(text: str) -> str:
    """Return why a tube is left out, refusing words that say yes or no instead of why."""
    if text.casefold() in {"yes", "y", "true", "1", "x", "no", "n", "false", "0"}:
        raise SheetError(
            f"{quoted(text)} gives no reason",
            hint="write why the tube is left out, or leave the cell empty to keep it",
        )
    return text
