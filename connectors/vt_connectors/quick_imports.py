"""What `queue`, `signal` and `weakref` take from C modules, without the rest of these libraries.

Importing the libraries themselves takes a tenth of the time of a process that answers one lookup from the cache.
"""

from __future__ import annotations

from .light_typing import TYPE_CHECKING

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

__all__ = ["Empty", "SimpleQueue", "WeakSet", "ref", "signals", "suppress"]


class suppress:  # noqa: N801  # a name as in `contextlib`
    """As `contextlib.suppress`."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self._kinds)
