"""Environment variables that look like settings and are none: a misspelt one would be without effect, and unnoticed."""

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
    """For each variable with our prefix, in any case, that is not in `known` and not empty, what is to be said of it.

    Values are not repeated: one may be a key.
    """
    for name in sorted(environment):
        if name.upper().startswith(_PREFIX) and name not in known and environment[name].strip():
            yield f"{_shown(name)} is not a setting, so it has no effect{_meant(name, known)}"


def warn_once(texts: Iterable[str]) -> None:
    """Log each of them, if this process has not done so yet."""
    for text in texts:
        if text not in _TOLD and len(_TOLD) < _MOST_SHOWN:
            _TOLD.add(text)
            _LOG.warning("%s", text)


def is_told(texts: Iterable[str]) -> None:
    """They are told in another way: `warn_once` does not repeat them."""
    _TOLD.update(texts)


def _meant(name: str, known: tuple[str, ...]) -> str:
    rests = {each[len(_PREFIX) :]: each for each in known}
    near = nearest(name[len(_PREFIX) :], rests)
    return f"; the nearest setting is {rests[near]}" if near else "; no setting has a similar name"


def _shown(name: str) -> str:
    return printable(name[:_LONGEST_SHOWN])
