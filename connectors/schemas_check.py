"""Documents against `schemas/`: the files there are the contract's machine form.

Almost every document is valid, and importing `jsonschema` costs more than answering from the cache. So a plain
check of the keywords our schemas use passes what is surely valid, and only what it does not pass is shown to
`jsonschema`, which decides and says why. Where `jsonschema` is not installed (inside Splunk), the plain check decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Callable, Union

Path_ = list[Union[str, int]]
_INSTALLED = Path(__file__).parent / "schemas"
_CHECKED_OUT = Path(__file__).parent.parent / "schemas"


@dataclass(frozen=True)
class Violation:
    """`path` is a JSON pointer into the document; empty for the document itself."""

    path: str
    message: str


def schema_folder() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKED_OUT


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema file `name`, e.g. `request.json` or `actions/lookup_hash.json`."""
    loaded: dict[str, Any] = json.loads((schema_folder() / name).read_text("utf-8"))
    return loaded


def violation(name: str, document: Any) -> Violation | None:
    """The first thing wrong with `document` by the schema `name`, or None."""
    plain = next(_violations(schema(name), document, []), None)
    if plain is None:
        return None
    try:
        import jsonschema
    except ImportError:
        return plain
    validator = jsonschema.Draft7Validator(schema(name))
    errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    return _worded(errors[0]) if errors else None


def _worded(error: Any) -> Violation:
    path: Path_ = list(error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return Violation(_pointer([*path, missing[0]]), "is missing")
    if error.validator == "additionalProperties":
        unknown = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return Violation(_pointer([*path, unknown[0]]), _unknown(error.schema))
    return Violation(_pointer(path), _short(error.message))


def _short(message: str) -> str:
    """jsonschema repeats the whole value first; what is wrong stands at the end."""
    return message if len(message) <= 200 else "..." + message[-200:]


def _unknown(known: dict[str, Any]) -> str:
    return f"is not known here; known are {', '.join(sorted(known.get('properties', {}))) or 'none'}"


def _pointer(path: Path_) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


def _violations(rules: dict[str, Any], value: Any, path: Path_) -> Iterator[Violation]:
    """Every violation that this check can see; nothing valid is one. Words it does not know count as violated."""
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
    if not any(value == item and type(value) is type(item) for item in rule):
        yield Violation(_pointer(path), f"is not one of {', '.join(map(str, rule))}")


def _required(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    if isinstance(value, dict):
        yield from (Violation(_pointer([*path, name]), "is missing") for name in rule if name not in value)


def _properties(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    if isinstance(value, dict):
        for name, inner in rule.items():
            if name in value:
                yield from _violations(inner, value[name], [*path, name])


def _additional(rule: Any, value: Any, path: Path_, rules: dict[str, Any]) -> Iterator[Violation]:
    if rule is False and isinstance(value, dict):
        for name in value:
            if name not in rules.get("properties", {}):
                yield Violation(_pointer([*path, name]), _unknown(rules))


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
    "minimum": _bound(lambda value, rule: _TYPES["number"](value) and not value >= rule, "is less than"),
    "maximum": _bound(lambda value, rule: _TYPES["number"](value) and not value <= rule, "is more than"),
    "minLength": _bound(lambda value, rule: isinstance(value, str) and len(value) < rule, "is shorter than"),
    "maxLength": _bound(lambda value, rule: isinstance(value, str) and len(value) > rule, "is longer than"),
    "maxItems": _bound(lambda value, rule: isinstance(value, list) and len(value) > rule, "has more items than"),
    "pattern": _bound(lambda value, rule: isinstance(value, str) and re.search(rule, value) is None, "does not match"),
}
