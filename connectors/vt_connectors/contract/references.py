"""Resolves references between schemas: `{"$ref": "../response.json#/properties/data"}`."""

from __future__ import annotations

import posixpath
from typing import Any, Callable


def resolved(rules: Any, name: str, load: Callable[[str], dict[str, Any]]) -> Any:
    """`rules`, a part of the schema file `name`, with each reference replaced by its target.

    `load` returns the content of another schema file by its name.
    """
    if isinstance(rules, list):
        return [resolved(item, name, load) for item in rules]
    if not isinstance(rules, dict):
        return rules
    if "$ref" in rules:
        file, _, pointer = rules["$ref"].partition("#")
        found: Any = load(posixpath.normpath(posixpath.join(posixpath.dirname(name), file)))
        for part in pointer.split("/")[1:]:
            found = found[part]
        return found
    return {word: resolved(rule, name, load) for word, rule in rules.items()}
