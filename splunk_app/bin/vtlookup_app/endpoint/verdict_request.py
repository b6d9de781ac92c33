"""What an alert may say of the indicators it met: bounded texts and numbers, and no verdict."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, get_args

from vt_connectors.errors import InvalidRequest
from vt_connectors.indicators import Kind, is_placeholder, shown_without_credentials
from vt_connectors.indicators.indicator import MAX_LENGTH

from ..limits import LONGEST_TEXT, MOST_EVENTS, MOST_LINKS
from .base import document_of

# By these Enterprise Security finds the notable event that a verdict belongs to.
LINKS = ("rid", "orig_sid", "orig_rid")
ALERT = ("search_name", "sid", "search_app")
# A value that is too long stays too long, so that it is refused and not looked up in part.
LONGEST_VALUE = MAX_LENGTH + 1
_MOST_RESULTS = 1_000_000
_INDICATOR = frozenset(("value", "type", "field", "results", *LINKS))


class Met(NamedTuple):
    """An indicator as the alert met it. `kind` None: to be recognised. `about` goes into its event as it is."""

    value: str
    kind: Kind | None
    about: Mapping[str, Any]


class VerdictRequest(NamedTuple):
    """`where`, an index, is empty if it is to be the first that is allowed; `alert` goes into each event as it is."""

    where: str
    alert: Mapping[str, str]
    met: list[Met]


def read_verdict_request(body: str) -> VerdictRequest:
    """Raises `InvalidRequest`. Values that only say that there is none, such as `-`, are passed over."""
    document = _object(document_of(body), {"index", "alert", "indicators"}, "the document")
    alert = _object(document.get("alert", {}), ALERT, "alert")
    indicators = document.get("indicators")
    if not isinstance(indicators, list) or not 0 < len(indicators) <= MOST_EVENTS:
        raise InvalidRequest(f"indicators is not a list of 1 to {MOST_EVENTS}")
    met = [_met(_object(each, _INDICATOR, "an indicator")) for each in indicators]
    return VerdictRequest(
        _text(document, "index"),
        {name: text for name in ALERT if (text := _text(alert, name))},
        [each for each in met if not is_placeholder(each.value)],
    )


def _met(given: Mapping[str, Any]) -> Met:
    kind: Any = _text(given, "type") or None
    if kind is not None and kind not in get_args(Kind):
        raise InvalidRequest(f"type is one of {', '.join(get_args(Kind))}")
    results = given.get("results", 1)
    if not isinstance(results, int) or isinstance(results, bool) or not 0 < results <= _MOST_RESULTS:
        raise InvalidRequest(f"results is not a whole number from 1 to {_MOST_RESULTS}")
    value = _text(given, "value", LONGEST_VALUE)
    if not value.strip():
        raise InvalidRequest("value is empty")
    about = {"indicator": shown_without_credentials(value), "field": _text(given, "field"), "results": results}
    links = {name: texts for name in LINKS if (texts := _texts(given, name))}
    return Met(value, kind, {**about, **{name: texts if texts[1:] else texts[0] for name, texts in links.items()}})


def _object(given: Any, names: Collection[str], what: str) -> Mapping[str, Any]:
    if not isinstance(given, dict) or not set(given) <= set(names):
        raise InvalidRequest(f"{what} is not an object of {', '.join(sorted(names))}")
    return given


def _text(given: Mapping[str, Any], name: str, longest: int = LONGEST_TEXT) -> str:
    text = given.get(name, "")
    if not isinstance(text, str) or len(text) > longest:
        raise InvalidRequest(f"{name} is not a text of at most {longest} characters")
    return text


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    texts = given.get(name, [])
    if not isinstance(texts, list) or len(texts) > MOST_LINKS:
        raise InvalidRequest(f"{name} is not a list of at most {MOST_LINKS}")
    return [_text({name: text}, name) for text in texts]
