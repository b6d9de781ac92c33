"""Whether a document follows a schema, as a function that is built once: for processes with many requests.

It knows the keywords that `validation` knows, and refuses all others. `validation` says what is wrong.
"""

from __future__ import annotations

import math
import re

from ..light_typing import Any, Callable

Predicate = Callable[[Any], bool]
_NOTES = frozenset(("$schema", "$id", "title", "description", "default", "examples", "$comment"))


def predicate(rules: dict[str, Any]) -> Predicate:
    """The function for a schema without references."""
    checks = [_MAKERS[word](rule, rules) if word in _MAKERS else _never for word, rule in _without_notes(rules)]
    if len(checks) == 1:
        return checks[0]

    return lambda value: all(check(value) for check in checks)


def _without_notes(rules: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(word, rule) for word, rule in rules.items() if word not in _NOTES]


def _never(_: Any) -> bool:
    return False


def _is_number(value: Any) -> bool:
    kind = type(value)
    return kind is int or (kind is float and math.isfinite(value))


_KINDS: dict[str, Predicate] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": _is_number,
    "null": lambda value: value is None,
}


def _type(rule: Any, _: Any) -> Predicate:
    if not isinstance(rule, list):
        return _KINDS[rule]
    kinds = [_KINDS[name] for name in rule]
    return lambda value: any(is_kind(value) for is_kind in kinds)


def _enum(rule: Any, _: Any) -> Predicate:
    # In Python, unlike JSON, True equals 1.
    return lambda value: any(value == item and isinstance(value, bool) is isinstance(item, bool) for item in rule)


def _required(rule: Any, _: Any) -> Predicate:
    names = frozenset(rule)
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _properties(rule: Any, rules: dict[str, Any]) -> Predicate:
    known = {name: predicate(inner) for name, inner in rule.items()}

    def holds(value: Any) -> bool:
        if isinstance(value, dict):
            for name, inner in value.items():
                check = known.get(name)
                if check is not None and not check(inner):
                    return False
        return True

    return holds


def _additional(rule: Any, rules: dict[str, Any]) -> Predicate:
    known = rules.get("properties", {}).keys()
    if rule is False:
        return lambda value: not isinstance(value, dict) or value.keys() <= known
    inner = predicate(rule) if isinstance(rule, dict) else _always
    return lambda value: (
        not isinstance(value, dict) or all(inner(each) for name, each in value.items() if name not in known)
    )


def _always(_: Any) -> bool:
    return True


def _items(rule: Any, _: Any) -> Predicate:
    inner = predicate(rule)
    return lambda value: not isinstance(value, list) or all(inner(item) for item in value)


def _pattern(rule: Any, _: Any) -> Predicate:
    search = re.compile(rule).search
    return lambda value: not isinstance(value, str) or search(value) is not None


_MAKERS: dict[str, Callable[[Any, dict[str, Any]], Predicate]] = {
    "type": _type,
    "enum": _enum,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "minimum": lambda rule, _: lambda value: not _is_number(value) or value >= rule,
    "maximum": lambda rule, _: lambda value: not _is_number(value) or value <= rule,
    "minLength": lambda rule, _: lambda value: not isinstance(value, str) or len(value) >= rule,
    "maxLength": lambda rule, _: lambda value: not isinstance(value, str) or len(value) <= rule,
    "maxItems": lambda rule, _: lambda value: not isinstance(value, list) or len(value) <= rule,
    "pattern": _pattern,
}
