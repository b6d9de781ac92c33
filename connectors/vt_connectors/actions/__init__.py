"""What can be done: one table of actions, one module a deed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import Context
    from .registry import ACTIONS, Action, find
else:
    # Loaded when asked for: whoever is answered from the cache needs none of the deeds.
    def __getattr__(name: str) -> object:
        from importlib import import_module

        home = {"Context": ".context"}.get(name, ".registry" if name in __all__ else None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(home, __name__), name)


__all__ = ["ACTIONS", "Action", "Context", "find"]
