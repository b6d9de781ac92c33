"""Documents near a schema of `schemas/`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_MOST_PROPERTIES = 4

ANY: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 90_000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, 1.0, 2.0, 3.5, -0.5, 1e300])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def near(rules: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that mostly satisfy `rules`, sometimes are just outside their bounds, and sometimes are arbitrary."""
    return st.one_of([ANY, *_satisfying(rules), *_satisfying(rules)])


def _satisfying(rules: dict[str, Any]) -> list[st.SearchStrategy[Any]]:
    if "enum" in rules:
        return [st.sampled_from(rules["enum"])]
    kinds = rules["type"] if isinstance(rules["type"], list) else [rules["type"]]
    return [_of_type(kind, rules) for kind in kinds]


def _of_type(kind: str, rules: dict[str, Any]) -> st.SearchStrategy[Any]:
    if kind == "object":
        known = _properties(rules.get("properties", {}), rules.get("required", []))
        others = rules.get("additionalProperties")
        other = near(others) if isinstance(others, dict) else ANY
        more = st.dictionaries(st.sampled_from(["x", "a/b", "~"]), other, max_size=1)
        return st.tuples(known, more).map(lambda both: {**both[0], **both[1]})
    if kind == "array":
        return st.lists(near(rules["items"]) if "items" in rules else ANY, max_size=12)
    if kind == "string":
        long = "x" * (rules.get("maxLength", 40) - 1)
        return st.sampled_from(
            ["", "x", long, long + "x", long + "xx", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z\n"]
        )
    if kind in ("integer", "number"):
        bounds = [rules.get("minimum", 0), rules.get("maximum", 9)]
        return st.sampled_from([value + step for value in bounds for step in (-1, -0.5, 0, 0.0, 0.5, 1)])
    return st.booleans() if kind == "boolean" else st.none()


def _properties(known: dict[str, Any], required: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of the known properties, with or without those that are required: all of them would be slow to draw."""
    if not known:
        return st.just({})
    some = st.sets(st.sampled_from(list(known)), max_size=_MOST_PROPERTIES)
    names = some | some.map(lambda drawn: drawn | set(required))
    return names.flatmap(lambda drawn: st.fixed_dictionaries({name: near(known[name]) for name in sorted(drawn)}))
