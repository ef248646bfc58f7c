"""Names that do not go together: keywords nearly spelt right, markers at an unlikely place.

One changed character can take a marker or a setting away from its channel without a
contradiction. It shows where a ``$`` keyword is none of the standard's, where a keyword is one
character away from one that is missing, and where Time or a scatter channel carries the name
of something else.

References
----------
Keywords of FCS 2.0, 3.0, 3.1 and 3.2; names with ``$`` are reserved for them (FCS 3.1, 3.2.2).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from carflow.fcs.channel_names import is_compensated, is_scatter
from carflow.fcs.codes import FcsCode, noticed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carflow.fcs.keywords import Keywords
    from carflow.fcs.panel import Panel
    from carflow.findings import Finding

_STANDARD = re.compile(
    r"\$(ABRT|BEGINANALYSIS|BEGINDATA|BEGINDATETIME|BEGINSTEXT|BTIM|BYTEORD|CARRIERID|CARRIERTYPE"
    r"|CELLS|COM|COMP|CSMODE|CSVBITS|CSV\d+FLAG|CYT|CYTSN|DATATYPE|DATE|DFC\d+TO\d+|ENDANALYSIS"
    r"|ENDDATA|ENDDATETIME|ENDSTEXT|ETIM|EXP|FIL|FLOWRATE|GATE|GATING|G\d+[EFNPRSTV]|INST"
    r"|LAST_MODIFIED|LAST_MODIFIER|LOCATIONID|LOST|MODE|NEXTDATA|OP|ORIGINALITY|PAR|PK\d+|PKN\d+"
    r"|PLATEID|PLATENAME|PROJ|P\d+([BDEFGLNOPRSTV]|ANALYTE|CALIBRATION|DATATYPE|DET|FEATURE|TAG"
    r"|TYPE)|RNI|R\d+[IW]|SMNO|SPILLOVER|SRC|SYS|TIMESTEP|TOT|TR|UNICODE|UNSTAINEDCENTERS"
    r"|UNSTAINEDINFO|VOL|WELLID)"
)
_USED = (
    "$TIMESTEP", "$SPILLOVER", "$VOL", "$TOT", "$BEGINDATA", "$ENDDATA", "$NEXTDATA",
)  # fmt: skip
_USED_OF_CHANNEL = "SGE"
_OWN_WORDS = re.compile(r"time|hdr-t", re.IGNORECASE)
_SCATTER_WORDS = re.compile(
    r"[fs]s[c\d -]?|scatter|forward|side|size|granul|[fr]als|width|height|area|peak|lin|log|int|tof"
    r"|singlet|doublet",
    re.IGNORECASE,
)


def odd_labels(keywords: Keywords, panel: Panel) -> list[Finding]:
    """Return what is odd about the names of keywords and markers.

    Examples
    --------
    >>> from carflow.fcs.keywords import Keywords
    >>> from carflow.fcs.panel import Panel
    >>> tube = Panel(channels=("FL1-A", "Time"), markers=("", "CD8"))
    >>> for finding in odd_labels(Keywords({"$P1N": "FL1-A", "$P1Q": "CD3"}), tube):
    ...     print(finding)
    info FCS-KEYWORD-UNKNOWN: $P1Q is no keyword of the standard
    warn FCS-KEYWORD-NEAR-MISS: $P1Q is nearly the missing keyword $P1E
    warn FCS-MARKER-PLACE: the marker CD8 stands on the channel Time
    """
    others = [name for name in keywords.values if not _is_standard(name)]
    return [
        *_unknown(others),
        *_near_misses(keywords, others, len(panel.channels)),
        *_swallowed(panel),
        *_misplaced_markers(panel),
        *_shared_markers(panel),
        *_compensated(panel),
    ]


def _unknown(others: list[str]) -> Iterator[Finding]:
    unknown = [name for name in others if name[:1] == "$"]
    if unknown:
        are = "are no keywords" if len(unknown) > 1 else "is no keyword"
        message = f"{_listed(unknown)} {are} of the standard"
        yield noticed(FcsCode.KEYWORD_UNKNOWN, message)


def _swallowed(panel: Panel) -> Iterator[Finding]:
    for number, names in enumerate(zip(panel.channels, panel.markers, strict=True), start=1):
        if any("$" in name and _STANDARD.search(name.upper()) for name in names):
            message = f"a name of channel {number} holds a keyword: a delimiter was lost"
            yield noticed(FcsCode.KEYWORD_IN_VALUE, message)


def _is_standard(name: str) -> bool:
    return name[:1] == "$" and _STANDARD.fullmatch(name) is not None


def _near_misses(keywords: Keywords, others: list[str], n_channels: int) -> Iterator[Finding]:
    strange = [name for name in others if len(name) <= 14]
    if not strange:
        return
    of_channels = [
        f"$P{number}{kind}" for number in range(1, n_channels + 1) for kind in _USED_OF_CHANNEL
    ]
    missing = [name for name in (*_USED, *of_channels) if name not in keywords.values]
    by_rest: dict[str, set[str]] = {}
    for name in missing:
        for rest in (name, *_one_shorter(name)):
            by_rest.setdefault(rest, set()).add(name)
    for name in strange:
        alike = set().union(*(by_rest.get(rest, ()) for rest in (name, *_one_shorter(name))))
        near = next((other for other in sorted(alike) if _is_one_apart(name, other)), "")
        if near:
            message = f"{_listed([name])} is nearly the missing keyword {near}"
            yield noticed(FcsCode.KEYWORD_NEAR_MISS, message)


def _one_shorter(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))


def _is_one_apart(name: str, other: str) -> bool:
    """Whether one character was changed, added, lost or swapped with its neighbour."""
    if len(name) != len(other):
        longer, shorter = sorted((name, other), key=len, reverse=True)
        return shorter in _one_shorter(longer)
    differing = [at for at in range(len(name)) if name[at] != other[at]]
    if len(differing) == 2:
        first, second = differing
        return second == first + 1 and name[first : second + 1] == other[second : first - 1 : -1]
    return len(differing) == 1


def _misplaced_markers(panel: Panel) -> Iterator[Finding]:
    for channel, marker in zip(panel.channels, panel.markers, strict=True):
        if not marker or marker == channel:
            continue
        is_odd = (
            (channel.casefold() == "time" and not _OWN_WORDS.search(marker))
            or (is_scatter(channel) and not _SCATTER_WORDS.search(marker))
            or marker in panel.channels
        )
        if is_odd:
            message = f"the marker {marker} stands on the channel {channel}"
            yield noticed(FcsCode.MARKER_PLACE, message)


def _shared_markers(panel: Panel) -> Iterator[Finding]:
    shared = [
        marker
        for marker in dict.fromkeys(panel.markers)
        if marker and panel.markers.count(marker) > 1
    ]
    if shared:
        message = f"several channels share one marker: {', '.join(shared)}"
        yield noticed(FcsCode.DUPLICATE_MARKER, message)


def _compensated(panel: Panel) -> Iterator[Finding]:
    count = sum(is_compensated(channel) for channel in panel.channels)
    if count:
        message = f"{count} of {len(panel.channels)} channels hold compensated values by their name"
        yield noticed(FcsCode.ALREADY_COMPENSATED, message)


def _listed(names: list[str]) -> str:
    """Return names of keywords, without anything that is no such name."""
    shown = [re.sub(r"[^$A-Z0-9_]", "?", name[:20]) for name in names[:5]]
    return ", ".join(shown) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
