"""The cache: the stored form of an answer, when it is fresh enough, and the levels where it is stored."""

from .entry import Entry, any_entry
from .two_level import AnswerCache, Freshness

__all__ = ["AnswerCache", "Entry", "Freshness", "any_entry"]
