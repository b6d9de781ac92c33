"""Compares the output in a page with the real one. A page may leave out fields of objects, and anything at `...`."""

from __future__ import annotations

import json
import re
from typing import Any

DOTS = "..."


def documents(text: str) -> list[Any]:
    """One JSON document over several lines, or one on each line."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def difference(shown: Any, came: Any, where: str = "") -> str | None:
    """None if `came` contains everything in `shown`; else the first difference."""
    if isinstance(shown, dict) and isinstance(came, dict):
        missing = [name for name in shown if name not in came]
        if missing:
            return f"{where}/{missing[0]} is not there"
        return _first(difference(value, came[name], f"{where}/{name}") for name, value in shown.items())
    if isinstance(shown, list) and isinstance(came, list):
        if shown[-1:] == [DOTS]:
            shown, came = shown[:-1], came[: len(shown) - 1]
        if len(shown) != len(came):
            return f"{where} has {len(came)} items, not {len(shown)}"
        return _first(difference(one, other, f"{where}/{at}") for at, (one, other) in enumerate(zip(shown, came)))
    if isinstance(shown, str) and isinstance(came, str) and like(shown).fullmatch(came):
        return None
    return None if shown == came and type(shown) is type(came) else f"{where} is {came!r}, not {shown!r}"


def text_difference(shown: str, came: str) -> str | None:
    """Like `difference`, for lines; a line `...` matches any number of lines."""
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == DOTS else like(line.rstrip()).pattern + "[ ]*\n" for line in shown.splitlines()
    )
    return None if re.fullmatch(pattern, came if came.endswith("\n") else came + "\n") else f"came:\n{came}"


def like(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split(DOTS)))


def without_dots(document: Any) -> Any:
    """A shown document without abbreviated parts, for the check against a schema."""
    if isinstance(document, dict):
        return {name: without_dots(value) for name, value in document.items() if not _is_abbreviated(value)}
    if isinstance(document, list):
        return [without_dots(value) for value in document if not _is_abbreviated(value)]
    return document


def _is_abbreviated(value: Any) -> bool:
    return isinstance(value, str) and DOTS in value


def _first(found: Any) -> str | None:
    return next((text for text in found if text is not None), None)
