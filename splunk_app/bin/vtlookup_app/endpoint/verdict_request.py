"""The data that an alert may send about its indicators: bounded texts and numbers, but no verdict."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from vt_connectors.errors import InvalidRequest
from vt_connectors.indicators import KINDS, Kind, is_placeholder, shown_without_credentials
from vt_connectors.indicators.indicator import MAX_LENGTH

from ..limits import LONGEST_TEXT, MOST_EVENTS, MOST_LINKS
from .base import document_of

# Enterprise Security uses these to find the notable event for a verdict.
LINKS = ("rid", "orig_sid", "orig_rid")
ALERT = ("search_name", "sid", "search_app")
# A longer value is cut to this length, which is still too long, so it is refused and not looked up in part.
LONGEST_VALUE = MAX_LENGTH + 1
_MOST_RESULTS = 1_000_000
_INDICATOR = frozenset(("value", "type", "field", "results", *LINKS))


class Met(NamedTuple):
    """An indicator of the alert. `kind` None: to be recognised. `about` goes into its event unchanged."""

    value: str
    kind: Kind | None
    about: Mapping[str, Any]


class VerdictRequest(NamedTuple):
    """`where` is an index, or empty for the first allowed one; `alert` goes into each event unchanged."""

    where: str
    alert: Mapping[str, str]
    met: list[Met]


def read_verdict_request(body: str) -> VerdictRequest:
    """Raises `InvalidRequest`. Placeholders for an empty value, such as `-`, are left out."""
    document = _object(document_of(body), {"index", "alert", "indicators"}, "the document")
    alert = _object(document.get("alert", {}), ALERT, "alert")
    indicators = document.get("indicators")
    if not isinstance(indicators, list) or not 0 < len(indicators) <= MOST_EVENTS:
        raise InvalidRequest(f"indicators must be a list of 1 to {MOST_EVENTS}")
    met = [_met(_object(each, _INDICATOR, "an indicator")) for each in indicators]
    return VerdictRequest(
        _text(document, "index"),
        {name: text for name in ALERT if (text := _text(alert, name))},
        [each for each in met if not is_placeholder(each.value)],
    )


def _met(given: Mapping[str, Any]) -> Met:
    kind: Any = _text(given, "type") or None
    if kind is not None and kind not in KINDS:
        raise InvalidRequest(f"type must be one of {', '.join(KINDS)}")
    results = given.get("results", 1)
    if not isinstance(results, int) or isinstance(results, bool) or not 0 < results <= _MOST_RESULTS:
        raise InvalidRequest(f"results must be an integer from 1 to {_MOST_RESULTS}")
    value = _text(given, "value", LONGEST_VALUE)
    if not value.strip():
        raise InvalidRequest("value is empty")
    about = {"indicator": shown_without_credentials(value), "field": _text(given, "field"), "results": results}
    links = {name: texts for name in LINKS if (texts := _texts(given, name))}
    return Met(value, kind, {**about, **{name: texts if texts[1:] else texts[0] for name, texts in links.items()}})


def _object(given: Any, names: Collection[str], what: str) -> Mapping[str, Any]:
    if not isinstance(given, dict) or not set(given) <= set(names):
        raise InvalidRequest(f"{what} must be an object with only {', '.join(sorted(names))}")
    return given


def _text(given: Mapping[str, Any], name: str, longest: int = LONGEST_TEXT) -> str:
    text = given.get(name, "")
    if not isinstance(text, str) or len(text) > longest:
        raise InvalidRequest(f"{name} must be a string of at most {longest} characters")
    return text


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    texts = given.get(name, [])
    if not isinstance(texts, list) or len(texts) > MOST_LINKS:
        raise InvalidRequest(f"{name} must be a list of at most {MOST_LINKS}")
    return [_text({name: text}, name) for text in texts]
