"""Tokens in texts: no token of any client is sent to VirusTotal, written to a log, or repeated in an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...redaction import without_keys
from .messages import Refused

PREFIX = "vtc_"
IN_CALL = (
    "a name or a value contains a token (vtc_ and 43 further characters); tokens belong into their header or the "
    "parameter apikey only, so nothing was passed on"
)
# Of 32 random bytes. A shorter text may be the name of a file.
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
# In logs, also what remains of a token that was cut off.
_NEARLY_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{20,}}")
_SHORTEST_TOKEN = 8


def without_tokens(text: str) -> str:
    """The text with each token replaced."""
    return _NEARLY_TOKEN.sub("[token]", text) if PREFIX in text else text


def without_secrets(text: str) -> str:
    """The text of an error with each token, and each known key, replaced."""
    return without_tokens(without_keys(text))


def shown(text: str, most: int) -> str:
    """The first `most` characters of what a client sent, for an error. A secret is replaced before it may be cut."""
    return without_secrets(text)[:most]


def holds_token(value: Any, token: str = "") -> bool:
    """Whether a JSON value has a text, or a name, that contains something of a token's form, or `token`.

    It may be nested as deep as Python can read it.
    """
    left = [value]
    while left:
        each = left.pop()
        # The most frequent first: a check against an abstract class takes longer than all others together.
        if isinstance(each, str):
            if _is_or_has_token(each, token):
                return True
        elif isinstance(each, (list, tuple)):
            left += each
        elif isinstance(each, (dict, Mapping)):
            left += [*each, *each.values()]
    return False


def refuse_tokens(value: Any, token: str = "") -> None:
    """Raises `Refused` with status 400 if the value holds a token. `token`: the caller's, which may have any form."""
    if holds_token(value, token):
        raise Refused(400, "token_in_call", IN_CALL)


def _is_or_has_token(text: str, token: str) -> bool:
    if len(token) >= _SHORTEST_TOKEN and token in text:
        return True
    return PREFIX in text and _TOKEN.search(text) is not None
