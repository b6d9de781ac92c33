"""The quota: which windows there are, who may go when, and the book that all processes keep together.

`limiter` is not imported here: what answers from the cache needs the windows at most.
"""

from .windows import Calendar, Quota, Sliding, parse_quota

__all__ = ["Calendar", "Quota", "Sliding", "parse_quota"]
