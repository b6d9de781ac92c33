"""The actions: one registry, one module for each action."""

from ..light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .action import Action
    from .context import Context
    from .further_actions import ACTIONS
    from .registry import find, interrupted, is_write
else:
    # Imported on first use: an answer from the cache needs only the lookup.
    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "Context":
            from . import context as home
        elif name == "Action":
            from . import action as home
        elif name == "ACTIONS":
            from . import further_actions as home
        else:
            from . import registry as home
        return getattr(home, name)


__all__ = ["ACTIONS", "Action", "Context", "find", "interrupted", "is_write"]
