"""What a file says of the people and programs that made it, as hashes that can only be compared.

Names of persons, samples and programs are free text of a laboratory: a check may tell that two
tubes differ in them, never what they are. Which keyword holds what is known here and nowhere
else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

_INSTRUMENT = ("$CYT", "$CYTSN")
# the programs that acquired or exported the events, and what runs inside the cytometer
_SOFTWARE = (
    "CREATOR", "SOFTWARE", "#SOFTWAREVERSION", "FIRMWAREVERSION", "BD$ACQLIBVERSION",
    "#NCSOFTWARE", "#NCVERSION", "IC$PRODUCTVERSION",
)  # fmt: skip
# where laboratories write the name of a sample; the last is a file's name
_LABELS = ("TUBE NAME", "SAMPLE ID", "$SMNO", "$SRC", "$FIL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Hashes of what a file says of its making, "" where it says nothing.

    Parameters
    ----------
    software_sha256 : str
        Of the names and versions of the programs that wrote the file.
    operator_sha256 : str
        Of the name of the person ($OP).
    labels : Mapping[str, str]
        Hash of the sample's name by the keyword that gives one.
    """

    software_sha256: str = ""
    operator_sha256: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def origin_of(keywords: Mapping[str, str]) -> Origin:
    """Return what the keywords of a file say of its making.

    Examples
    --------
    >>> one = origin_of({"$OP": "A. Person", "CREATOR": "Acquire 1.2"})
    >>> one.operator_sha256 == origin_of({"$OP": "a.  person"}).operator_sha256
    True
    >>> one.software_sha256 == origin_of({"CREATOR": "Acquire 1.3"}).software_sha256
    False
    """
    labels = {name: keywords.get(name, "").strip() for name in _LABELS}
    labels["$FIL"] = PurePath(labels["$FIL"]).stem
    return Origin(
        software_sha256=_hash_of(keywords, _SOFTWARE),
        operator_sha256=_hash_of(keywords, ("$OP",)),
        labels={name: hash_of_name(label) for name, label in labels.items() if label},
    )


def instrument_sha256(keywords: Mapping[str, str]) -> str:
    """Return a hash of model and serial number of the cytometer, "" where neither is given."""
    return _hash_of(keywords, _INSTRUMENT)


def hash_of_name(name: str) -> str:
    """Return the hash of a sample's name without case, spaces, hyphens, dots and underscores.

    Examples
    --------
    >>> hash_of_name("P01 d07") == hash_of_name("p01-D07")
    True
    """
    letters = "".join(letter for letter in name.casefold() if letter not in " -_.")
    return hashlib.sha256(letters.encode("utf-8")).hexdigest()


def _hash_of(keywords: Mapping[str, str], names: tuple[str, ...]) -> str:
    told = [" ".join(keywords.get(name, "").casefold().split()) for name in names]
    return hashlib.sha256("\n".join(told).encode("utf-8")).hexdigest() if any(told) else ""
