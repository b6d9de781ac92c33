"""The cache: what an answer looks like at rest, when it is fresh enough, and where it is kept."""

from .entry import Entry, any_entry
from .freshness import Freshness
from .two_level import AnswerCache

__all__ = ["AnswerCache", "Entry", "Freshness", "any_entry"]
