"""Checks of what files say of their making: software, operator, and the name of the sample.

Only hashes are compared (`carflow.qc.origin`), and no sentence tells a name.

Decisions
---------
* A course is followed from tube to tube, and the tube after a change is named: after an update
  in the middle of a study, "usual" would be either half of it.
* Another operator is told and not judged: laboratories have rotas. It helps to explain what
  other checks find.
* A name out of a file is believed only where a keyword of the batch holds the ids of the sheet
  for most tubes; else ids such as 1, 2, 3 would meet the numbers of tubes in a rack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.qc.origin import hash_of_name
from carflow.qc.summary import TubeSummary
from carflow.qc.telling import finding_of

if TYPE_CHECKING:
    from carflow.thresholds import QcLimits

    Tubes = Sequence[TubeSummary]

_LEAST_AGREEING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Something that makes files: its name in a sentence, its hash, and what a change means."""

    code: str
    noun: str
    read: Callable[[TubeSummary], str]
    changed: Severity
    ending: str


_SOFTWARE = _Maker(
    code="QC-SOFTWARE",
    noun="software",
    read=lambda tube: tube.origin.software_sha256,
    changed=Severity.WARN,
    ending=": its scaling, compensation or export may be another",
)
_OPERATOR = _Maker(
    code="QC-OPERATOR",
    noun="operator",
    read=lambda tube: tube.origin.operator_sha256,
    changed=Severity.INFO,
    ending="; that is told, not judged",
)


def check_software(tubes: Tubes, limits: QcLimits) -> tuple[Finding, ...]:
    """Find the tubes from which on another software or firmware wrote the files of a course."""
    del limits  # it is the same or not
    return tuple(_changes(tubes, _SOFTWARE))


def check_operator(tubes: Tubes, limits: QcLimits) -> tuple[Finding, ...]:
    """Tell the tubes from which on another operator acquired a course."""
    del limits  # it is the same or not
    return tuple(_changes(tubes, _OPERATOR))


def check_labels(tubes: Tubes, limits: QcLimits) -> tuple[Finding, ...]:
    """Find tubes whose file is named as another tube, or another subject, of the sheet."""
    del limits  # a name is the same or not
    names = [
        _names(tubes, lambda tube: tube.sample_id),
        _names(tubes, lambda tube: tube.subject_id),
    ]
    named = set().union(*(one.keywords for one in names))
    return tuple(
        _label_finding(tube, [other for one in names for other in one.others(tube)])
        for tube in tubes
        if named & set(tube.origin.labels)
    )


ORIGIN_CHECKS: tuple[Callable[[Tubes, QcLimits], tuple[Finding, ...]], ...] = (
    check_software,
    check_operator,
    check_labels,
)


def _changes(tubes: Tubes, maker: _Maker) -> Iterator[Finding]:
    for course in _courses(tubes):
        known = [tube for tube in course if maker.read(tube)]
        for before, tube in pairwise(known):
            if maker.read(tube) == maker.read(before):
                severity = Severity.PASS
                message = f"The {maker.noun} is that of the tube before, {before.sample_id}."
            else:
                severity = maker.changed
                message = (
                    f"Another {maker.noun} than for the tube before, {before.sample_id}"
                    f"{maker.ending}."
                )
            yield finding_of(tube, maker.code, severity, message)


def _courses(tubes: Tubes) -> Iterator[list[TubeSummary]]:
    """Yield the tubes of each subject by day, and the runs of each control lot as acquired."""
    by_key: dict[tuple[str, str], list[TubeSummary]] = {}
    for tube in tubes:
        if tube.sample_type.on_curve:
            by_key.setdefault((tube.subject_id, ""), []).append(tube)
        elif tube.control_lot:
            by_key.setdefault(("", tube.control_lot), []).append(tube)
    for course in by_key.values():
        yield sorted(course, key=lambda tube: (tube.day, tube.row))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Ids of the sheet by their hash, which of them a tube has, and the keywords that hold one."""

    ids: Mapping[str, str]
    own: Callable[[TubeSummary], str]
    keywords: frozenset[str]

    def others(self, tube: TubeSummary) -> Iterator[str]:
        """Yield the ids of others that a tube's file carries."""
        for keyword, label in tube.origin.labels.items():
            if keyword in self.keywords and self.ids.get(label, self.own(tube)) != self.own(tube):
                yield self.ids[label]


def _names(tubes: Tubes, own: Callable[[TubeSummary], str]) -> _Names:
    by_hash: dict[str, set[str]] = {}
    for tube in tubes:
        by_hash.setdefault(hash_of_name(own(tube)), set()).add(own(tube))
    ids = {label: min(some) for label, some in by_hash.items() if len(some) == 1}
    agreeing: Counter[str] = Counter()
    against: Counter[str] = Counter()
    for tube in tubes:
        for keyword, label in tube.origin.labels.items():
            if label in ids:
                (agreeing if ids[label] == own(tube) else against)[keyword] += 1
    keywords = frozenset(
        keyword
        for keyword, number in agreeing.items()
        if number >= _LEAST_AGREEING and number > against[keyword]
    )
    return _Names(ids=ids, own=own, keywords=keywords)


def _label_finding(tube: TubeSummary, others: Sequence[str]) -> Finding:
    if not others:
        message = "The name in the file does not speak against the sheet."
        return finding_of(tube, "QC-LABEL", Severity.PASS, message)
    named = ", ".join(dict.fromkeys(others))
    message = (
        f"The file is named as {named} by whoever acquired it, the sheet says {tube.sample_id} of "
        f"subject {tube.subject_id}: the tubes may be exchanged."
    )
    return finding_of(tube, "QC-LABEL", Severity.FAIL, message)
