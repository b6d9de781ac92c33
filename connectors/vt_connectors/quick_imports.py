"""For a quick start: what `queue`, `signal` and `weakref` take from C modules, and patterns compiled on first use.

Importing these libraries takes a tenth of the time of a process that answers one lookup from the cache, and compiling
all patterns a sixth.
"""

from __future__ import annotations

import re

from .light_typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    import signal as signals
    from queue import Empty, SimpleQueue
    from weakref import WeakSet, ref
else:
    try:
        import _signal as signals
        from _queue import Empty, SimpleQueue
        from _weakref import ref
        from _weakrefset import WeakSet
    except ImportError:  # another Python may have other modules behind its libraries
        import signal as signals
        from queue import Empty, SimpleQueue
        from weakref import WeakSet, ref

__all__ = ["Empty", "SimpleQueue", "WeakSet", "pattern", "ref", "signals", "suppress"]

_METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "pattern", "flags")


class suppress:  # noqa: N801  # a name as in `contextlib`
    """As `contextlib.suppress`."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self._kinds)


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
