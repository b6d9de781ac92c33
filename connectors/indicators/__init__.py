"""Indicators: what a user gives, made canonical. Equal indicators are equal values with one key."""

from .indicator import Indicator, Kind
from .never_query import NeverQuery
from .parse import parse_as, recognise

__all__ = ["Indicator", "Kind", "NeverQuery", "parse_as", "recognise"]
