"""Documents against `schemas/`: the files there are the contract's machine form.

Importing `jsonschema` costs more than answering from the cache, Splunk has none, and its messages repeat the value,
which may be a key. So a plain check of the few keywords that our schemas use decides, and `jsonschema` lists all that
is wrong once something is. The tests hold the two against each other; the plain check is stricter in one thing: NaN
and infinities are no numbers, as JSON has none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Callable, NamedTuple, Union

Path_ = list[Union[str, int]]
_MOST_VIOLATIONS = 20
_INSTALLED = Path(__file__).parents[1] / "schemas"
_CHECKED_OUT = Path(__file__).parents[3] / "schemas"


class Violation(NamedTuple):
    """`path` is a JSON pointer into the document; empty for the document itself."""

    path: str
    message: str


def schema_folder() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKED_OUT


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema file `name`, e.g. `request.json` or `actions/lookup_hash.json`, with its references resolved."""
    text = (schema_folder() / name).read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    if '"$ref"' in text:
        from .references import resolved

        loaded = resolved(loaded, name, schema)
    return loaded


def violation(name: str, document: Any) -> Violation | None:
    """The first thing wrong with `document` by the schema `name`, or None."""
    return next(_violations(schema(name), document, []), None)


def all_violations(name: str, document: Any) -> list[dict[str, str]]:
    """Everything wrong with `document`, as `{"path", "rule"}`, for whoever mends it; empty without `jsonschema`, and
    where it is nested too deep for that.

    Values are not in it: one of them may be a key.
    """
    try:
        import jsonschema
    except ImportError:
        return []
    errors = jsonschema.Draft7Validator(schema(name)).iter_errors(document)
    try:
        found = [{"path": _pointer(list(error.absolute_path)), "rule": str(error.validator)} for error in errors]
    except RecursionError:
        return []  # its messages show the value
    return sorted(found, key=lambda entry: (entry["path"], entry["rule"]))[:_MOST_VIOLATIONS]


def _unknown(name: str, rules: dict[str, Any]) -> str:
    from .nearest import nearest

    known = sorted(rules.get("properties", {}))
    meant = nearest(str(name), known)
    return f"is not known here; {f'did you mean {meant}? ' if meant else ''}known are {', '.join(known) or 'none'}"


def _pointer(path: Path_) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": lambda value: _is_number(value),
    "null": lambda value: value is None,
}


def _violations(rules: dict[str, Any], value: Any, path: Path_) -> Iterator[Violation]:
    """Every violation, in the schema's order. A word that is not known here counts as violated."""
    for word, rule in rules.items():
        if word in _NOTES:
            continue
        check = _CHECKS.get(word)
        if check is None:
            yield Violation(_pointer(path), f"cannot be checked: {word}")
        else:
            yield from check(rule, value, path, rules)


_NOTES = {"$schema", "$id", "title", "description", "default", "examples", "$comment"}


def _type(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    names = rule if isinstance(rule, list) else [rule]
    if not any(_TYPES[name](value) for name in names):
        yield Violation(_pointer(path), f"is not of type {' or '.join(names)}")


def _enum(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    # In Python, not in JSON, true is 1.
    if not any(value == item and isinstance(value, bool) is isinstance(item, bool) for item in rule):
        known = dict.fromkeys("null" if item is None else str(item) for item in rule)
        yield Violation(_pointer(path), f"is not one of {', '.join(known)}")


def _required(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    if isinstance(value, dict):
        yield from (Violation(_pointer([*path, name]), "is missing") for name in rule if name not in value)


def _properties(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    if isinstance(value, dict):
        for name, inner in rule.items():
            if name in value:
                yield from _violations(inner, value[name], [*path, name])


def _additional(rule: Any, value: Any, path: Path_, rules: dict[str, Any]) -> Iterator[Violation]:
    """`rule` is false, or the schema of properties that have none of their own."""
    if not isinstance(value, dict):
        return
    for name in value:
        if name in rules.get("properties", {}):
            continue
        if rule is False:
            yield Violation(_pointer([*path, name]), _unknown(name, rules))
        elif isinstance(rule, dict):
            yield from _violations(rule, value[name], [*path, name])


def _items(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _violations(rule, item, [*path, index])


def _bound(wrong: Callable[[Any, Any], bool], what: str) -> Callable[..., Iterator[Violation]]:
    def check(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
        if wrong(value, rule):
            yield Violation(_pointer(path), f"{what} {rule}")

    return check


_CHECKS: dict[str, Callable[..., Iterator[Violation]]] = {
    "type": _type,
    "enum": _enum,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "minimum": _bound(lambda value, rule: _is_number(value) and not value >= rule, "is less than"),
    "maximum": _bound(lambda value, rule: _is_number(value) and not value <= rule, "is more than"),
    "minLength": _bound(lambda value, rule: isinstance(value, str) and len(value) < rule, "is shorter than"),
    "maxLength": _bound(lambda value, rule: isinstance(value, str) and len(value) > rule, "is longer than"),
    "maxItems": _bound(lambda value, rule: isinstance(value, list) and len(value) > rule, "has more items than"),
    "pattern": _bound(lambda value, rule: isinstance(value, str) and re.search(rule, value) is None, "does not match"),
}
