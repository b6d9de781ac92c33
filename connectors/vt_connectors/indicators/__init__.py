"""Indicators in canonical form. Equal indicators have equal values and one key."""

from ..light_typing import TYPE_CHECKING
from .indicator import KINDS, Indicator, Kind, has_no_value, is_placeholder, object_page, search_page
from .parse import first_of_equal, parse_as, recognise

if TYPE_CHECKING:
    from .lists import values_in
    from .never_query import NeverQuery
    from .userinfo import shown_without_credentials, without_recorded_credentials, without_user
else:
    # Imported on first use: an answer from the cache to the lookup of a hash does not need them.
    def __getattr__(name: str) -> object:
        from importlib import import_module

        home = {"values_in": ".lists", "NeverQuery": ".never_query"}.get(name, ".userinfo" if name in __all__ else None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(home, __name__), name)


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
