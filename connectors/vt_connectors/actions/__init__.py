"""The actions: one registry, one module for each action."""

from ..light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .action import Action
    from .context import Context
    from .registry import ACTIONS, action_of, find, interrupted
else:
    # Imported on first use: an answer from the cache needs only the lookup.
    def __getattr__(name: str) -> object:
        from importlib import import_module

        home = {"Context": ".context", "Action": ".action"}.get(name, ".registry" if name in __all__ else None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(home, __name__), name)


__all__ = ["ACTIONS", "Action", "Context", "action_of", "find", "interrupted"]
