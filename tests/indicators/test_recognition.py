"""Recognition of values without a type."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import Kind, parse_as, recognise
from vt_connectors.indicators.indicator import MAX_LENGTH

_KINDS: tuple[Kind, ...] = ("hash", "url", "domain", "ip")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("44D88612FEA8A8F36DE82E1278ABB02F", "hash:44d88612fea8a8f36de82e1278abb02f"),
        ("a" * 40, "hash:" + "a" * 40),
        ("8.8.8[.]8", "ip:8.8.8.8"),
        ("2001:db8::1", "ip:2001:db8::1"),
        ("[2001:db8::1]", "ip:2001:db8::1"),
        ("example[.]com", "domain:example.com"),
        ("localhost", "domain:localhost"),
        ("hxxps://example[.]com", "url:https://example.com/"),
        ("hxxp[://]example.com", "url:http://example.com/"),
        ("example.com/path", "url:http://example.com/path"),
        ("8.8.8.8/path", "url:http://8.8.8.8/path"),
        ("[2001:db8::1]/path", "url:http://[2001:db8::1]/path"),
    ],
)
def test_a_value_is_recognised(text: str, key: str) -> None:
    assert recognise(text).key == key


@pytest.mark.parametrize(
    "text", ["example", "somebody@example.com", "../users/me", "/users/me", "1.2.3", "g" * 32, "two words", "-"]
)
def test_an_unrecognised_value_is_refused(text: str) -> None:
    with pytest.raises(InvalidIndicator):
        recognise(text)


_NEVER: dict[str, Any] = {
    "nothing": "",
    "blanks": " \t\n",
    "a null character": "exam\x00ple.com",
    "an escape": "example.com/\x1b[2J",
    "a delete": "example.com/\x7f",
    "a C1 control": "example.com/\x9b2J",
    "a line separator": "example.com/\u2028x",
    "a line break": "example.com\nexample.org",
    "a lone surrogate": "example.com/\ud800",
    "too long": "example.com/" + "a" * MAX_LENGTH,
    "no text": 8,
    "none": None,
    "a truth": True,
    "bytes": b"example.com",
    "a list": ["example.com"],
    "an object": {"domain": "example.com"},
}


@pytest.mark.parametrize("name", _NEVER)
def test_some_values_are_invalid_for_every_kind(name: str) -> None:
    with pytest.raises(InvalidIndicator) as caught:
        recognise(_NEVER[name])
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200
    for kind in _KINDS:
        with pytest.raises(InvalidIndicator):
            parse_as(kind, _NEVER[name])
