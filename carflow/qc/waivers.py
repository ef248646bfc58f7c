"""Waivers: findings that the laboratory has looked at and lets stand, with a reason and a name.

A waived finding no longer counts against a verdict, but it stays in every table, marked. It does
not count as a pass either. Nothing can be waived that was not found, and an ended waiver says
so. No file and no clock is opened here: text and day are handed in.

Decision: a waiver names one check of one tube (or one check of the batch as a whole), never all
tubes or all checks. Who wants a check less strict changes its limit, where everyone sees it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from carflow.errors import CarflowError, Problems
from carflow.findings import Finding, Severity
from carflow.gating.template_errors import did_you_mean
from carflow.qc.register import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("check", "sample_id", "reason", "who", "until")
_NEEDED = ("check", "reason", "who")
_WAIVABLE = (Severity.WARN, Severity.FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One check of one tube that is let stand; without `sample_id`, of the batch as a whole.

    Parameters
    ----------
    check : str
        Id of the check, such as ``QC-BEADS``.
    reason, who : str
        Why it is let stand, and who says so. Both are printed.
    until : date, optional
        The last day it holds; without one it holds until it is removed.
    """

    check: str
    sample_id: str = ""
    reason: str
    who: str
    until: date | None = None

    def __str__(self) -> str:
        end = f", until {self.until.isoformat()}" if self.until else ""
        return f"{self.reason} ({self.who}{end})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """What waivers did: the findings with those about waivers added, and what was waived."""

    findings: tuple[Finding, ...]
    waivers: Mapping[Finding, Waiver]


def parse_waivers(text: str) -> tuple[Waiver, ...]:
    """Return the waivers of a ``waivers.toml``.

    Parameters
    ----------
    text : str
        A list of tables ``[[waiver]]``, each with check, reason, who, and sample_id and until
        where they apply; until is a TOML date or a text such as "2030-06-30".

    Raises
    ------
    CarflowError, Problems
        If the text is no TOML, a key is missing or unknown, or there is no such check; all
        problems together, each with its place. The code is WAIVERS.

    Examples
    --------
    >>> [waiver] = parse_waivers('''
    ... [[waiver]]
    ... check = "QC-BEADS"
    ... sample_id = "P01-D07"
    ... reason = "beads were counted by hand"
    ... who = "AB"
    ... until = 2030-06-30
    ... ''')
    >>> print(waiver)
    beads were counted by hand (AB, until 2030-06-30)
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise _error(f"is not valid TOML: {message[:1].lower()}{message[1:]}") from None
    problems = [
        _error(f'unknown key "{key}"', hint=did_you_mean(key, ["waiver"]))
        for key in document
        if key != "waiver"
    ]
    entries = document.get("waiver", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append(_error("waivers are a list of tables", hint="write [[waiver]]"))
        entries = []
    for number, entry in enumerate(entries, start=1):
        problems += [one.at(f"waiver {number}") for one in _entry_problems(entry)]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems("waivers", problems)
    return tuple(_waiver(entry) for entry in entries)


def apply_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver], *, today: date | None = None
) -> Waived:
    """Return which findings are waived, and what is to be said about the waivers themselves.

    Parameters
    ----------
    findings : sequence of Finding
        All findings of a batch.
    waivers : sequence of Waiver
        In any order.
    today : date, optional
        The day to judge by. Without one no waiver ends, so that an old batch gives the same
        answer again.

    Returns
    -------
    Waived
        Only findings that warn or fail are waived. A waiver that has ended warns, one that
        waives nothing is told, both as QC-WAIVER.
    """
    found: dict[Finding, Waiver] = {}
    said = []
    for waiver in waivers:
        meant = [
            one
            for one in findings
            if (one.code, one.sample_id) == (waiver.check, waiver.sample_id)
            and one.severity in _WAIVABLE
        ]
        if not meant:
            message = f"The waiver of {waiver.check} waives nothing: there is no such finding."
            said.append(_about(waiver, Severity.INFO, message))
        elif today is not None and waiver.until is not None and waiver.until < today:
            message = f"The waiver of {waiver.check} ended on {waiver.until.isoformat()}."
            said.append(_about(waiver, Severity.WARN, message))
        else:
            found |= dict.fromkeys(meant, waiver)
    told = tuple(dict.fromkeys(said))
    order = sorted((*findings, *told), key=lambda one: one.severity.rank)
    return Waived(findings=tuple(order), waivers=found)


def _about(waiver: Waiver, severity: Severity, message: str) -> Finding:
    return Finding(code="QC-WAIVER", severity=severity, message=message, sample_id=waiver.sample_id)


def _error(problem: str, *, hint: str = "") -> CarflowError:
    return CarflowError(problem, hint=hint, code="WAIVERS")


def _entry_problems(entry: Mapping[str, object]) -> Iterator[CarflowError]:
    for key in _NEEDED:
        if not str(entry.get(key, "")).strip():
            yield _error(f'needs "{key}"')
    for key, value in entry.items():
        if key not in _KEYS:
            yield _error(f'unknown key "{key}"', hint=did_you_mean(key, _KEYS))
        elif key != "until" and not isinstance(value, str):
            yield _error("must be text in quotes").at(key)
    check = entry.get("check")
    known = [one.id for one in CHECKS]
    if isinstance(check, str) and check.strip() and check not in known:
        yield _error(f'there is no check "{check}"', hint=did_you_mean(check, known))
    if "until" in entry and _day(entry["until"]) is None:
        yield _error("must be a day such as 2030-06-30").at("until")


def _waiver(entry: Mapping[str, object]) -> Waiver:
    return Waiver(
        check=str(entry["check"]),
        sample_id=str(entry.get("sample_id", "")),
        reason=" ".join(str(entry["reason"]).split()),
        who=" ".join(str(entry["who"]).split()),
        until=_day(entry["until"]) if "until" in entry else None,
    )


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
