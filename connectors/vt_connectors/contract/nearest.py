"""Finds the name that was probably meant by a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The name in `known` that is most similar to `name`, ignoring case and punctuation; None if none is similar.

    `cutoff`: the least similarity, from 0 to 1, as in `difflib`.
    """
    import difflib

    by_plain = {plain(each): each for each in known}
    found = difflib.get_close_matches(plain(name)[:100], by_plain, n=1, cutoff=cutoff)
    return by_plain[found[0]] if found else None


def plain(name: str) -> str:
    """`name` in lower case, without blanks and punctuation."""
    return "".join(character for character in name.lower() if character.isalnum())
