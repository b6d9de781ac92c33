"""Indicators in canonical form. Equal indicators have equal values and one key."""

from .indicator import KINDS, Indicator, Kind, has_no_value, is_placeholder, object_page, search_page
from .lists import values_in
from .never_query import NeverQuery
from .parse import first_of_equal, parse_as, recognise
from .redacted_urls import without_recorded_credentials
from .userinfo import shown_without_credentials, without_user

__all__ = [
    "KINDS",
    "Indicator",
    "Kind",
    "NeverQuery",
    "first_of_equal",
    "has_no_value",
    "is_placeholder",
    "object_page",
    "parse_as",
    "recognise",
    "search_page",
    "shown_without_credentials",
    "values_in",
    "without_recorded_credentials",
    "without_user",
]
