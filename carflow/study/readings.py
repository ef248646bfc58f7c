"""What a laboratory writes in place of a value, or as one: BLQ, <0.5, ND, a blank, 45.3 %.

A word becomes a state, never a zero.
"""

from __future__ import annotations

from typing import NamedTuple

from carflow.errors import SheetError
from carflow.measure import State
from carflow.study.cells import NumberGrammar, quoted

_STATES = {
    **dict.fromkeys(
        ("blq", "bloq", "bql", "blloq", "lloq", "<lloq", "<loq", "<blq", "det_blq", "below lloq",
         "below loq", "below limit of quantification", "detected, blq", "detected below lloq"),
        State.DET_BLQ,
    ),
    **dict.fromkeys(
        ("nd", "bld", "blod", "bdl", "bdlq", "<lod", "below lod", "below limit of detection",
         "not detected", "undetected", "undetectable", "not detectable", "target not detected",
         "tnd", "neg", "negative"),
        State.ND,
    ),
    **dict.fromkeys(
        ("ne", "not evaluable", "qns", "insufficient", "failed", "clotted", "coagulated",
         "invalid", "inconclusive"),
        State.NE,
    ),
    **dict.fromkeys(
        ("", "-", "–", "—", "--", ".", "na", "n/a", "#n/a", "nan", "none", "null", "missing",
         "not done", "not sampled", "not available"),
        State.MISSING,
    ),
    **dict.fromkeys(("excluded", "excl", "excl."), State.EXCLUDED),
}  # fmt: skip


class Reading(NamedTuple):
    """What one cell says: a value or none, its state, and the limit it lies below, if stated."""

    value: float | None
    state: State
    below: float | None = None


def parse_value(text: str, numbers: NumberGrammar) -> Reading:
    """Return the value and the state of one cell.

    Examples
    --------
    >>> parse_value("<0.5", NumberGrammar())
    Reading(value=None, state=<State.DET_BLQ: 'DET_BLQ'>, below=0.5)
    """
    text = without_percent_sign(text)
    word = " ".join(text.casefold().split()).replace("< ", "<")
    if word in _STATES:
        return Reading(None, _STATES[word])
    hint = "write a number, or one of BLQ, <0.5, ND, NE, NA"
    if word.startswith("<"):
        limit = numbers.number(word[1:], hint=hint)
        if limit <= 0:
            raise SheetError(f"{quoted(text)} names no limit above zero", hint=hint)
        return Reading(None, State.DET_BLQ, limit)
    value = numbers.number(text, hint=hint)
    if value < 0:
        raise SheetError(
            f"{quoted(text)} is negative", hint="write ND for nothing above background"
        )
    return Reading(value, State.QUANT if value > 0 else State.ND)


def without_percent_sign(text: str) -> str:
    """Return a cell without the percent sign behind its number.

    Examples
    --------
    >>> without_percent_sign("45.3 %")
    '45.3'
    """
    return text.removesuffix("%").rstrip() if text.endswith("%") else text
