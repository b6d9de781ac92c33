"""Warns of environment variables that look like settings but are not, because a misspelt one would have no effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..contract.nearest import nearest
from ..errors import printable
from ..log import logger

_LOG = logger("config.settings")
_PREFIX = "VT_"
_TOLD: set[str] = set()
_LONGEST_SHOWN = 60
_MOST_SHOWN = 10


def unknown_variables(environment: Mapping[str, str], known: tuple[str, ...]) -> Iterator[str]:
    """A warning for each non-empty variable with our prefix, in any case, that is not in `known`.

    Values are not repeated, because they may be keys.
    """
    for name in sorted(environment):
        if name.upper().startswith(_PREFIX) and name not in known and environment[name].strip():
            yield f"{_shown(name)} is not a setting, so it has no effect{_meant(name, known)}"


def warn_once(texts: Iterable[str]) -> None:
    """Log each text once per process."""
    for text in texts:
        if text not in _TOLD and len(_TOLD) < _MOST_SHOWN:
            _TOLD.add(text)
            _LOG.warning("%s", text)


def is_told(texts: Iterable[str]) -> None:
    """Mark the texts as reported, so that `warn_once` does not log them."""
    _TOLD.update(texts)


def _meant(name: str, known: tuple[str, ...]) -> str:
    rests = {each[len(_PREFIX) :]: each for each in known}
    near = nearest(name[len(_PREFIX) :], rests)
    return f"; the nearest setting is {rests[near]}" if near else "; no setting has a similar name"


def _shown(name: str) -> str:
    return printable(name[:_LONGEST_SHOWN])
