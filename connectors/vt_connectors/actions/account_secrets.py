"""What VirusTotal's responses about an account must not pass on. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..api_key import ApiKey

# The user object of an account has its API key, and its address: https://docs.virustotal.com/reference/user-object.
_KEY_NAMES = frozenset(("apikey", "api_key", "x-apikey"))


def remove_secrets(document: Any, keys: Collection[ApiKey]) -> None:
    """Remove API keys and the address of an account from a JSON document, in place. `keys` are also removed from texts.

    Without recursion, because a document may be nested as deep as Python can read it.
    """
    left = [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            _remove_fields(value, keys)
        places = list(value.items() if isinstance(value, dict) else enumerate(value))
        for place, inner in places:
            if isinstance(inner, str):
                value[place] = _redacted(inner, keys)
            elif isinstance(inner, (dict, list)):
                left.append(inner)


def _remove_fields(value: dict[str, Any], keys: Collection[ApiKey]) -> None:
    attributes = value.get("attributes")
    if value.get("type") == "user" and isinstance(attributes, dict):
        attributes.pop("email", None)
    for name in list(value):
        if name.lower() in _KEY_NAMES:
            del value[name]
        elif _redacted(name, keys) != name:
            value[_redacted(name, keys)] = value.pop(name)


def _redacted(text: str, keys: Collection[ApiKey]) -> str:
    for key in keys:
        text = key.redact(text) if key.is_in(text) else text
    return text
