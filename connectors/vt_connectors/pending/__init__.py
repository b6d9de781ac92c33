"""Lookups that found no quota, kept for who has some later: one queue for all processes of the state."""

from .queue import PendingLookup, PendingStore
from .shared_queue import Pending

__all__ = ["Pending", "PendingLookup", "PendingStore"]
