"""Regular expressions that are compiled on first use.

Compiling all of them would take a sixth of the time of a process that answers one lookup from the cache.
"""

from __future__ import annotations

import re

from .light_typing import Any, AnyStr, cast

_METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "pattern", "flags")


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Like `re.compile`, but compiles on first use, and raises `re.error` then if `text` is not valid."""
    return cast("re.Pattern[AnyStr]", _Lazy(text, flags))


class _Lazy:
    def __init__(self, text: Any, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        # Stored as attributes, so that this method is not called again.
        vars(self).update({each: getattr(compiled, each) for each in _METHODS})
        return vars(self)[name]
