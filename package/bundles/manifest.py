"""What bundles are generated from: the registry's actions, their parameters, and the fields of their results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vt_connectors.actions.manifest import manifest

# Deeper objects are one field: platforms list fields, not trees.
_DEEPEST = 3


class Param(NamedTuple):
    """`type` is a JSON type. `example` is None if there is none. `writes`: with it a reading action writes."""

    name: str
    type: str
    is_list: bool
    required: bool
    description: str
    default: Any
    choices: tuple[str, ...]
    example: Any
    writes: bool


class Field(NamedTuple):
    """`path` has dots between names; a field of a list's items has the list's name and the item's, as `a.b`."""

    path: str
    type: str
    is_list: bool
    description: str
    example: Any


class Action(NamedTuple):
    """`licence` is None if it depends on the parameters. `document`: the registry's own entry."""

    name: str
    title: str
    description: str
    writes: bool
    once: bool
    licence: str | None
    params: tuple[Param, ...]
    fields: tuple[Field, ...]
    document: Mapping[str, Any]


class Manifest(NamedTuple):
    """`document`: what `vtaction describe` prints."""

    version: str
    actions: tuple[Action, ...]
    document: Mapping[str, Any]

    def action(self, name: str) -> Action:
        """Raises `KeyError` if there is none."""
        return {action.name: action for action in self.actions}[name]


def read_manifest() -> Manifest:
    """The registry of this checkout."""
    return manifest_of(manifest())


def manifest_of(document: Mapping[str, Any]) -> Manifest:
    """From what `vtaction describe` prints."""
    return Manifest(document["version"], tuple(_action(entry) for entry in document["actions"]), document)


def _action(entry: Mapping[str, Any]) -> Action:
    example = entry["examples"][0]["request"]["params"]
    params = entry["params"]
    return Action(
        name=entry["name"],
        title=entry["title"],
        description=entry["description"],
        writes=entry["writes"],
        once=entry["once"],
        licence=entry["licence"],
        params=tuple(
            _param(name, rules, name in params.get("required", ()), example.get(name))
            for name, rules in params["properties"].items()
        ),
        fields=tuple(_fields(entry["result"], "", 1)),
        document=entry,
    )


def _param(name: str, rules: Mapping[str, Any], required: bool, example: Any) -> Param:
    kind = _type_of(rules)
    is_list = kind == "array"
    choices = rules.get("enum") or (rules.get("items") or {}).get("enum") or ()
    return Param(
        name=name,
        type=_type_of(rules.get("items", {})) if is_list else kind,
        is_list=is_list,
        required=required,
        description=_sentence(rules.get("description", name)),
        default=rules.get("default"),
        choices=tuple(str(choice) for choice in choices if choice is not None),
        example=example,
        writes=bool(rules.get("writes")),
    )


def _fields(schema: Mapping[str, Any], above: str, depth: int) -> Iterator[Field]:
    for name, rules in schema.get("properties", {}).items():
        path = f"{above}{name}"
        kind = _type_of(rules)
        is_list = kind == "array"
        inner = rules.get("items", {}) if is_list else rules
        if inner.get("properties") and depth < _DEEPEST:
            yield from _fields(inner, f"{path}.", depth + 1)
            continue
        examples = rules.get("examples") or [None]
        yield Field(path, _type_of(inner), is_list, _sentence(rules.get("description", name)), examples[0])


def _type_of(rules: Mapping[str, Any]) -> str:
    given = rules.get("type", "object" if "properties" in rules else "string")
    names = [given] if isinstance(given, str) else [name for name in given if name != "null"]
    return str(names[0]) if names else "string"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
