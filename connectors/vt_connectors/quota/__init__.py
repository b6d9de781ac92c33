"""The quota: its windows, the order of requests, and the ledger that all processes share.

`limiter` is not imported here, because an answer from the cache needs only the windows.
"""

from .windows import Calendar, Quota, Sliding, parse_quota

__all__ = ["Calendar", "Quota", "Sliding", "parse_quota"]
