"""A hash of what frozen values hold, exact to the last bit of every number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields


def content_sha256(content: Mapping[str, object]) -> str:
    """Return the hash of dataclasses, mappings, tuples and plain values, by name.

    Examples
    --------
    >>> content_sha256({"low": 0.1})[:8] == content_sha256({"low": 0.1 + 1e-18})[:8]
    True
    >>> content_sha256({"low": 0.1})[:8] == content_sha256({"low": 0.1 + 1e-16})[:8]
    False
    """
    said = {name: _canonical(value) for name, value in content.items()}
    text = json.dumps(said, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _canonical(value: object) -> object:
    """Return a value as plain JSON with exact numbers."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _canonical(getattr(value, one.name)) for one in fields(value)}  # type: ignore[arg-type]  # checked the line above
    return value
