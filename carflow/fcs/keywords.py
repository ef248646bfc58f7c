"""Keywords with strict, typed access; where a value cannot be used the keyword is named.

Only ASCII digits make a number: Python's ``int`` would also take ``4_00``, ``+400`` and the
digits of every script, and a percentage of a patient must not rest on that. Error messages
name the keyword and quote numbers only; other values may hold free text and are not quoted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.fcs.codes import FcsCode, refusal

if TYPE_CHECKING:
    from carflow.errors import FcsError

_INTEGER = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def parse_number(text: str) -> float | None:
    """Return a finite number written in ASCII with a decimal point, else None.

    Examples
    --------
    >>> parse_number(" 1E-06 "), parse_number("0,01"), parse_number("nan")
    (1e-06, None, None)
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class Keywords:
    """The keywords of one data set: upper-case names as in the file, ``$`` included.

    Examples
    --------
    >>> keywords = Keywords({"$TOT": "400", "$MODE": "L"})
    >>> keywords.integer("$TOT"), keywords.text("$CYT")
    (400, '')
    """

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return the value without blanks around it, or "" where the keyword is absent."""
        return self.values.get(name, "").strip()

    def required(self, name: str) -> str:
        """Return the value of a keyword the file cannot do without.

        Raises
        ------
        FcsError
            FCS-KEYWORD-MISSING if it is absent or empty.
        """
        text = self.text(name)
        if not text:
            raise refusal(
                FcsCode.KEYWORD_MISSING,
                f"the required keyword {name} is missing or empty",
                "export the tube again from the cytometer's software",
            )
        return text

    def integer(self, name: str) -> int:
        """Return a required whole number, 0 or more.

        Raises
        ------
        FcsError
            FCS-KEYWORD-MISSING, or FCS-KEYWORD if the value is not ASCII digits.
        """
        text = self.required(name)
        if not _INTEGER.fullmatch(text):
            raise unusable(name, "is not a whole number")
        return int(text)

    def number(self, name: str) -> float | None:
        """Return a finite number, or None where the keyword is absent, empty or no number."""
        return parse_number(self.text(name))


def unusable(name: str, why: str) -> FcsError:
    """Return the error for a keyword whose value cannot be used.

    Examples
    --------
    >>> print(unusable("$TOT", "is not a whole number"))
    the keyword $TOT is not a whole number (export the tube again from the cytometer's software)
    """
    return refusal(
        FcsCode.KEYWORD,
        f"the keyword {name} {why}",
        "export the tube again from the cytometer's software",
    )
