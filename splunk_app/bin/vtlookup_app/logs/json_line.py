"""A document as one line of JSON with a length limit, for files that Splunk indexes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable

_LONGEST_TEXTS = (4000, 1000, 200, 50)


def one_line(document: Mapping[str, Any], most_bytes: int, told: Callable[[str], str] = str) -> bytes:
    """ASCII without a line's end. Each text goes through `told`, and is then shortened as much as needed."""
    line = b""
    for longest in _LONGEST_TEXTS:
        line = json.dumps(_shortened(document, longest, told), separators=(",", ":")).encode("ascii")
        if len(line) <= most_bytes:
            break
    return line


def _shortened(what: Any, longest: int, told: Callable[[str], str]) -> Any:
    if isinstance(what, Mapping):
        return {name: _shortened(value, longest, told) for name, value in what.items()}
    if isinstance(what, (list, tuple)):
        return [_shortened(value, longest, told) for value in what]
    return told(what)[:longest] if isinstance(what, str) else what
