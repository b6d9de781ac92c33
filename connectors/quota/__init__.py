"""The quota: which windows there are, who may go when, and the book that all processes keep together."""

from .limiter import Limiter, Slot
from .windows import Calendar, Quota, Sliding, parse_quota

__all__ = ["Calendar", "Limiter", "Quota", "Sliding", "Slot", "parse_quota"]
