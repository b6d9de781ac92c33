"""What can be done: one table of actions, one module a deed."""

from .context import Context
from .table import ACTIONS, Action, find

__all__ = ["ACTIONS", "Action", "Context", "find"]
