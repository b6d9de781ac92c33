"""Loaded by Schemathesis: how it sends a body of lines."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/jsonl")  # type: ignore[untyped-decorator,unused-ignore]
def lines(context: Any, value: Any) -> Any:
    """The body: the generated text itself."""
    if isinstance(value, bytes):
        return value
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "surrogatepass")
