"""Properties of all texts: an indicator or a refusal, one canonical form, one key, one segment of a path."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import Indicator, Kind, NeverQuery, parse_as, recognise
from vt_connectors.virustotal.endpoints import FILE

from .texts import TEXTS

_KINDS = st.sampled_from(["hash", "url", "domain", "ip"])


def _parsed(kind: Kind, value: object) -> Indicator | None:
    try:
        return parse_as(kind, value)
    except InvalidIndicator:
        return None


@given(_KINDS, TEXTS)
def test_the_canonical_form_is_not_changed_again(kind: Kind, text: str) -> None:
    indicator = _parsed(kind, text)
    if indicator is not None:
        assert parse_as(kind, indicator.value) == indicator


@given(_KINDS, TEXTS, TEXTS)
def test_indicators_are_equal_if_their_keys_are(kind: Kind, one: str, other: str) -> None:
    left, right = _parsed(kind, one), _parsed(kind, other)
    if left is not None and right is not None:
        assert (left == right) == (left.key == right.key)


@given(_KINDS, TEXTS)
def test_an_id_is_one_segment_of_a_path(kind: Kind, text: str) -> None:
    indicator = _parsed(kind, text)
    if indicator is not None:
        url = FILE.request("https://vt.example", {"id": indicator.vt_id}).url
        segment = url.removeprefix("https://vt.example/api/v3/files/")
        assert segment not in ("", ".", "..")
        assert not set(segment) & set("/?#\\ ")
        assert quote(unquote(segment), safe="") == segment


@given(_KINDS, st.one_of(st.none(), st.integers(), st.floats(), st.binary(), st.lists(st.text()), st.booleans()))
def test_a_value_that_is_not_text_is_refused(kind: Kind, value: Any) -> None:
    assert _parsed(kind, value) is None


@given(TEXTS)
def test_recognising_gives_an_indicator_or_a_refusal(text: str) -> None:
    try:
        indicator = recognise(text)
    except InvalidIndicator:
        return
    assert parse_as(indicator.kind, text) == indicator
    assert NeverQuery().reason(indicator) in (None, "private_address", "internal_name")
