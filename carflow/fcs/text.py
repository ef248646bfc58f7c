"""TEXT bytes to keywords: the tokenizer, the two readings of a doubled delimiter, encodings.

The first byte of TEXT is the delimiter. The standard says that a doubled delimiter stands for
one delimiter inside a keyword or value and that values are never empty. Several cytometers
write empty values all the same, and then a doubled delimiter is an empty value: the two
behaviours cannot both be had. `parse_text` reads the segment as the standard says unless that
reading lacks a required keyword, has a keyword without value, or has a delimiter inside the
*name* of a keyword, and the other reading has none of these faults. Where both have, a file may
mix the two: a doubled delimiter right behind a name and before a ``$`` is then an empty value,
any other one a character.

Decision: no regular expressions on the delimiter (any byte may be one), no ``split`` by pairs
(a doubled delimiter at the edge of a value would swallow the rest).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable


_PADDING = " \0\t\r\n\f"
_REQUIRED = ("$PAR", "$DATATYPE", "$BYTEORD")
_CHANNEL_NAME = re.compile(r"\$P[0-9]+N")
# keywords whose value decides over numbers or names; two different values refuse the file
_STRUCTURAL = re.compile(
    r"\$(PAR|TOT|MODE|DATATYPE|BYTEORD|NEXTDATA|TIMESTEP|SPILLOVER|VOL|COMP"
    r"|P[0-9]+[NSBREG]|P[0-9]+DATATYPE)|SPILL(OVER)?"
)
_OFFSETS = ("$BEGINDATA", "$ENDDATA")  # settled with those of the HEADER, by sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The keywords of one TEXT segment, and how it ended."""

    keywords: Mapping[str, str]
    delimiter: int
    has_final_delimiter: bool
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to cut TEXT into tokens; `closed` tells whether a delimiter ends the last one."""

    tokens: tuple[str, ...]
    closed: bool
    delimiter: str

    @property
    def names(self) -> set[str]:
        return {_name(token) for token in self.tokens[::2]}

    @property
    def is_sound(self) -> bool:
        names = self.names
        return (
            len(self.tokens) % 2 == 0
            and all(name in names for name in _REQUIRED)
            and not any(self.delimiter in name for name in names)
            and self._names_every_channel(names)
        )

    def _names_every_channel(self, names: set[str]) -> bool:
        count = sum(_CHANNEL_NAME.fullmatch(name) is not None for name in names)
        return all(f"$P{number}{kind}" in names for number in range(1, count + 1) for kind in "NBR")


def parse_text(block: bytes, *, supplemental: bool = False) -> Text:
    """Read a TEXT segment, whose first byte is the delimiter.

    Parameters
    ----------
    block : bytes
        The whole segment.
    supplemental : bool
        A supplemental TEXT need not hold the required keywords.

    Returns
    -------
    Text
        Names are upper case, with ``$``; blanks around names and values are removed.

    Raises
    ------
    FcsError
        FCS-TEXT if there is nothing to read or a delimiter is missing, FCS-KEYWORD-CONFLICT if
        a structural keyword stands there twice with different values.

    Examples
    --------
    >>> dict(parse_text(b"/$par/2/ $DATATYPE/F/$BYTEORD/1,2,3,4/NOTE/and//or/").keywords)["NOTE"]
    'and/or'
    """
    if len(block) < 4 or block[0] == 0:
        raise refusal(
            FcsCode.TEXT,
            "the TEXT segment is empty",
            "the file is damaged or is not FCS; export it again",
        )
    string, delimiter, findings = _decoded(block)
    reading = _escaped(string, delimiter)
    if delimiter * 2 in string and not supplemental and not reading.is_sound:
        others = (cut(string, delimiter) for cut in (_literal, _mixed))
        sound = next((other for other in others if other.is_sound), None)
        if sound is not None:
            reading = sound
            findings.append(noticed(FcsCode.EMPTY_VALUES, _EMPTY_SENTENCE))
    if reading.closed and len(reading.tokens) % 2:
        raise refusal(
            FcsCode.TEXT,
            "TEXT holds a keyword without value, so that the keywords behind it cannot be told "
            "from values",
            "the file is damaged or was edited; export it again",
        )
    keywords = merged_keywords({}, _pairs(reading.tokens, findings), findings)
    return Text(
        keywords=keywords,
        delimiter=block[0],
        has_final_delimiter=reading.closed,
        findings=tuple(findings),
    )


_EMPTY_SENTENCE = "TEXT holds empty values; doubled delimiters were read as empty values"


def merged_keywords(
    known: Mapping[str, str], pairs: Iterable[tuple[str, str]], findings: list[Finding]
) -> dict[str, str]:
    """Return `known` and `pairs` together; the first value of a keyword stays.

    Raises
    ------
    FcsError
        FCS-KEYWORD-CONFLICT if a structural keyword has two different values.

    Examples
    --------
    >>> merged_keywords({"$TOT": "4"}, [("$TOT", "5")], [])
    Traceback (most recent call last):
    ...
    carflow.errors.FcsError: the keyword $TOT stands twice with different values (export the tube \
again from the cytometer's software)
    """
    keywords = dict(known)
    twice = 0
    for name, value in pairs:
        if keywords.setdefault(name, value) == value:
            continue
        if name in _OFFSETS:
            message = f"{name} stands twice with different values; the first was tried"
            findings.append(noticed(FcsCode.OFFSETS_TWICE, message))
            continue
        if _STRUCTURAL.fullmatch(name):
            raise refusal(
                FcsCode.KEYWORD_CONFLICT,
                f"the keyword {name} stands twice with different values",
                "export the tube again from the cytometer's software",
            )
        twice += 1
    if twice:
        message = f"{twice} keywords carflow does not use stand twice with different values"
        findings.append(noticed(FcsCode.KEYWORD_TWICE, message))
    return keywords


def _decoded(block: bytes) -> tuple[str, str, list[Finding]]:
    """Return text behind the first delimiter, the delimiter and what was noticed."""
    body = block[1:].rstrip(bytes(set(_PADDING.encode()) - {block[0]}))
    delimiter = chr(block[0])
    if block[0] < 128:
        try:
            return body.decode("utf-8"), delimiter, []
        except UnicodeDecodeError:
            pass
    finding = noticed(FcsCode.NOT_UTF8, "TEXT is not UTF-8 and was read as Latin-1")
    return body.decode("latin-1"), delimiter, [finding]


def _literal(string: str, delimiter: str) -> _Reading:
    tokens = string.split(delimiter)
    closed = tokens[-1] == ""
    return _Reading(tuple(tokens[:-1] if closed else tokens), closed, delimiter)


def _escaped(string: str, delimiter: str) -> _Reading:
    """Cut by single delimiters; a doubled one is a character of the token it stands in."""
    pieces = string.split(delimiter)
    ending = len(string) - len(string.rstrip(delimiter))
    if ending and ending % 2 == 0:  # a delimiter too many, or the value would have no end
        pieces.pop()
    tokens: list[str] = []
    current, at, last = pieces[0], 1, len(pieces) - 1
    while at <= last:
        if pieces[at] == "" and at < last:  # nothing between two delimiters: a doubled one
            current += delimiter + pieces[at + 1]
            at += 2
        else:
            tokens.append(current)
            current = pieces[at]
            at += 1
    closed = current == "" and pieces[-1] == "" and bool(tokens)
    if not closed:
        tokens.append(current)
    return _Reading(tuple(tokens), closed, delimiter)


def _mixed(string: str, delimiter: str) -> _Reading:
    """Cut into tokens where some doubled delimiters are characters and others empty values."""
    pieces = string.split(delimiter)
    tokens: list[str] = []
    at = 0
    while at < len(pieces):
        token = pieces[at]
        if token or len(tokens) % 2 == 0 or not _is_name(pieces[at + 1 : at + 2]):
            while pieces[at + 1 : at + 2] == [""] and at + 2 < len(pieces) and len(tokens) % 2:
                token += delimiter + pieces[at + 2]
                at += 2
        tokens.append(token)
        at += 1
    closed = tokens[-1] == ""
    return _Reading(tuple(tokens[:-1] if closed else tokens), closed, delimiter)


def _is_name(pieces: list[str]) -> bool:
    return bool(pieces) and pieces[0].lstrip(_PADDING).startswith("$")


def _pairs(tokens: tuple[str, ...], findings: list[Finding]) -> list[tuple[str, str]]:
    pairs = [
        (_name(name), value.strip(_PADDING))
        for name, value in zip(tokens[::2], tokens[1::2], strict=False)
    ]
    if len(tokens) % 2:
        message = f"a keyword without value ({len(tokens[-1])} characters) ends TEXT; left out"
        findings.append(noticed(FcsCode.TEXT_TRAILING, message))
    return pairs


def _name(token: str) -> str:
    return token.strip(_PADDING).upper()
