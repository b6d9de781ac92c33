"""A key is not shown by any conversion to text."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import sys
import traceback
from dataclasses import dataclass
from typing import Callable

import pytest

from vt_connectors.api_key import ApiKey
from vt_connectors.errors import ConfigError

_SECRET = "5ec2e7" * 10


@dataclass(frozen=True)
class _Holder:
    key: ApiKey


_SHOWS: dict[str, Callable[[ApiKey], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda key: f"{key} {key!r} {key!s:>80}",
    "percent": lambda key: "%s %r" % (key, key),  # noqa: UP031
    "a dataclass": lambda key: repr(_Holder(key)),
    "a container": lambda key: repr({key: [key]}),
    "pprint": lambda key: pprint.pformat([key]),
    "its attributes": lambda key: repr(getattr(key, "__dict__", {})),
    "an exception": lambda key: repr(ValueError(key)),
    "its scope": lambda key: key.scope,
}


@pytest.mark.parametrize("how", _SHOWS)
def test_a_key_is_not_shown_by(how: str) -> None:
    assert _SECRET[:12] not in _SHOWS[how](ApiKey(_SECRET))


def test_a_key_has_no_variables_to_list_and_is_neither_pickled_nor_written_as_json() -> None:
    key = ApiKey(_SECRET)
    with pytest.raises(TypeError):
        vars(key)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(key)
    with pytest.raises(TypeError):
        json.dumps(key)


def test_a_traceback_with_its_locals_does_not_show_the_key() -> None:
    def fail(key: ApiKey) -> None:
        raise RuntimeError("a failure with the key at hand")

    try:
        fail(ApiKey(_SECRET))
    except RuntimeError:
        shown = "".join(traceback.TracebackException(*sys.exc_info(), capture_locals=True).format())
    assert "[key]" in shown
    assert _SECRET not in shown


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a\nb", "a\r\nx-evil: 1", "a\x00b", "a\x7fb", "schlüssel", "a\u2028b", "x" * 257]
)
def test_what_no_header_can_carry_is_no_key(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ApiKey(text)
    assert text.strip() == "" or text not in caught.value.message


def test_equal_keys_are_equal_and_have_one_scope_that_is_not_the_key() -> None:
    one, same, other = ApiKey(_SECRET), ApiKey(f" {_SECRET}\n"), ApiKey("another")
    assert (one, hash(one), one.scope) == (same, hash(same), same.scope)
    assert one != other
    assert one.scope != other.scope
    assert one != _SECRET


def test_a_text_is_shown_without_the_key() -> None:
    assert ApiKey(_SECRET).redact(f"Wrong API key: {_SECRET}, {_SECRET}") == "Wrong API key: [key], [key]"
