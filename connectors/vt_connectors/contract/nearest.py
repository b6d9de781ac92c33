"""Finds the name that was probably meant by a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable

_LEAST_LIKE = 0.5


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name in `known` that is most similar to `name`, ignoring case and punctuation; None if none is similar."""
    import difflib

    by_plain = {_plain(each): each for each in known}
    found = difflib.get_close_matches(_plain(name)[:100], by_plain, n=1, cutoff=_LEAST_LIKE)
    return by_plain[found[0]] if found else None


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
