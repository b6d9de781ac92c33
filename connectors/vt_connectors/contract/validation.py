"""Validates documents against `schemas/`, the machine-readable form of the contract.

Importing `jsonschema` costs more than an answer from the cache, Splunk does not have it, and its messages repeat the
value, which may be a key. So our own check of the few keywords in our schemas decides, and `jsonschema` only lists all
violations of an invalid document. The tests compare both. Our check is stricter in one point: NaN and infinities are
not numbers, because JSON does not have them.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from functools import cache

from ..api_key import may_hold_a_key
from ..light_typing import Any, Callable, NamedTuple, Union

Path_ = list[Union[str, int]]
Predicate = Callable[[Any], bool]
_MOST_VIOLATIONS = 20
_LONGEST_NAME = 60
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INSTALLED = os.path.join(_PACKAGE, "schemas")
_CHECKED_OUT = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "schemas")


class Violation(NamedTuple):
    """`path`: a JSON pointer into the document; empty for the document itself. `message`: continues a sentence after
    the path. `unknown`: the name of an unknown property; `message` then says which names are known.
    """

    path: str
    message: str
    unknown: str | None = None

    def sentence(self, subject: str, noun: str) -> str:
        """The whole message. `subject`: the path as the user knows it. `noun`: the kind of the document's properties,
        such as `parameter`.
        """
        if self.unknown is None:
            return f"{subject} {self.message}"
        from ..redaction import redacted

        # Before it is cut: part of a key would not be recognised.
        return f"unknown {noun} {redacted(self.unknown)[:_LONGEST_NAME]!r}; {self.message}"


def schema_folder() -> str:
    return _INSTALLED if os.path.isdir(_INSTALLED) else _CHECKED_OUT


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema file `name`, e.g. `request.json` or `actions/lookup_hash.json`, with its references resolved."""
    with open(os.path.join(schema_folder(), name), encoding="utf-8") as file:
        text = file.read()
    loaded: dict[str, Any] = json.loads(text)
    if '"$ref"' in text:
        from .references import resolved

        loaded = resolved(loaded, name, schema)
    return loaded


def violation(name: str, document: Any) -> Violation | None:
    """The first violation of the schema `name` by `document`, or None."""
    if name in _CHECKED_BEFORE:
        # Most documents are valid, and finding that out takes a fraction of the time of looking for violations.
        if _validator(name)(document):
            return None
    else:
        _CHECKED_BEFORE.add(name)
    return next(_violations(schema(name), document, []), None)


# Schemas that were used already, so that a process with one request does not build a validator.
_CHECKED_BEFORE: set[str] = set()


@cache
def _validator(name: str) -> Predicate:
    from .valid import predicate

    return predicate(schema(name))


def all_violations(name: str, document: Any) -> list[dict[str, str]]:
    """All violations by `document`, as `{"path", "rule"}`; empty without `jsonschema`, or if the document is nested too
    deep for it.

    Values are not included, because they may be keys.
    """
    try:
        import jsonschema
    except ImportError:
        return []
    errors = jsonschema.Draft7Validator(schema(name)).iter_errors(document)
    try:
        found = [{"path": _pointer(list(error.absolute_path)), "rule": str(error.validator)} for error in errors]
    except RecursionError:
        return []  # raised while it formats a message with the value
    return sorted(found, key=lambda entry: (entry["path"], entry["rule"]))[:_MOST_VIOLATIONS]


def _unknown(name: str, rules: dict[str, Any]) -> str:
    from .nearest import nearest

    known = sorted(rules.get("properties", {}))
    meant = nearest(str(name), known)
    names = ", ".join(known) or "none"
    return f"did you mean {meant!r}? Known names: {names}" if meant else f"known names: {names}"


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
    """Every violation, in the schema's order. An unknown keyword counts as a violation."""
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
    # In Python, unlike JSON, True equals 1.
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
    """`rule` is false, or the schema of properties without their own schema."""
    if not isinstance(value, dict):
        return
    for name in value:
        if name in rules.get("properties", {}):
            continue
        if rule is False:
            # A key in the place of a name is shown nowhere, though it may not be a known one yet.
            shown = "[key]" if may_hold_a_key(str(name)) else str(name)
            yield Violation(_pointer([*path, shown]), _unknown(shown, rules), shown)
        elif isinstance(rule, dict):
            yield from _violations(rule, value[name], [*path, name])


def _items(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _violations(rule, item, [*path, index])


def _bound(wrong: Callable[[Any, Any], bool], what: str, unit: str = "") -> Callable[..., Iterator[Violation]]:
    def check(rule: Any, value: Any, path: Path_, _: dict[str, Any]) -> Iterator[Violation]:
        if wrong(value, rule):
            yield Violation(_pointer(path), "is empty" if value == "" and unit else f"{what} {rule}{unit}")

    return check


_CHARACTERS = " characters"
_CHECKS: dict[str, Callable[..., Iterator[Violation]]] = {
    "type": _type,
    "enum": _enum,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "minimum": _bound(lambda value, rule: _is_number(value) and not value >= rule, "is less than"),
    "maximum": _bound(lambda value, rule: _is_number(value) and not value <= rule, "is more than"),
    "minLength": _bound(
        lambda value, rule: isinstance(value, str) and len(value) < rule, "is shorter than", _CHARACTERS
    ),
    "maxLength": _bound(
        lambda value, rule: isinstance(value, str) and len(value) > rule, "is longer than", _CHARACTERS
    ),
    "maxItems": _bound(lambda value, rule: isinstance(value, list) and len(value) > rule, "has more items than"),
    "pattern": _bound(lambda value, rule: isinstance(value, str) and re.search(rule, value) is None, "does not match"),
}
