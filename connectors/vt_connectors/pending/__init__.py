"""Lookups that found no quota, queued for later: one queue for all processes that share the state."""

from .queue import PendingLookup, PendingStore
from .shared_queue import Pending

__all__ = ["Pending", "PendingLookup", "PendingStore"]
