"""A result to JSON and back, bit for bit; rendering lives elsewhere.

The private manifest (which file a sample came from) is left out: result.json may be passed on.
Why pydantic: the dataclasses are the schema, so there is no second description to keep in step.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from carflow.errors import ResultError
from carflow.result.run import Result

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = "carflow-result-1"


@cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(Result)


def result_to_json(result: Result) -> str:
    """Return the result as JSON text, without the private manifest."""
    public = replace(result, manifest=())
    body = _speakable(_adapter().dump_python(public, mode="json"))
    return json.dumps({"schema": SCHEMA, "result": body}, ensure_ascii=False, allow_nan=False)


def _speakable(value: Any) -> Any:
    """Write infinity, where an open bracket ends, as text: JSON has no number for it."""
    if isinstance(value, dict):
        return {key: _speakable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_speakable(inner) for inner in value]
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def result_from_json(text: str) -> Result:
    """Return the result that `result_to_json` wrote.

    Raises
    ------
    ResultError
        If the text is not such a result.
    """
    from pydantic import ValidationError

    try:
        document = json.loads(text)
        if document.get("schema") != SCHEMA:
            raise ResultError(f"is not a result of this version (expected schema {SCHEMA})")
        found: Result = _adapter().validate_python(document["result"], strict=False)
    except (json.JSONDecodeError, ValidationError, KeyError, AttributeError) as error:
        raise ResultError("is not a carflow result", hint="run `carflow run` again") from error
    return found
