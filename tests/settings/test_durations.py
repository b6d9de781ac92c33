"""Durations are written alike in settings and on the command line."""

from __future__ import annotations

import argparse

import pytest

from vt_connectors.adapters.cli.action_arguments import seconds
from vt_connectors.adapters.cli.sandbox_command import seconds as sandbox_seconds
from vt_connectors.config.settings import read_settings
from vt_connectors.config.values import seconds_of
from vt_connectors.errors import ConfigError

WRITTEN = [("90", 90), ("90s", 90), ("15m", 900), ("1.5h", 5400), ("24H", 86400), ("7 d", 604800), ("2w", 1209600)]
NONE = ["", "-1", "1y", "1e3", "nan", "0x10", "m", "1h30m", "\u0663"]


@pytest.mark.parametrize(("text", "expected"), [*WRITTEN, ("500ms", 0.5)])
def test_a_duration_is_a_number_with_or_without_a_unit(text: str, expected: float) -> None:
    assert seconds_of(text) == expected


@pytest.mark.parametrize("text", NONE)
def test_anything_else_is_none(text: str) -> None:
    assert seconds_of(text) is None
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_settings_and_options_take_the_same(text: str, expected: float) -> None:
    settings = read_settings({"VT_CACHE_TTL": text, "VT_CACHE_TTL_NOT_FOUND": text})
    assert (settings.cache_ttl_s, settings.cache_ttl_not_found_s, seconds(text)) == (expected, expected, expected)


@pytest.mark.parametrize(("text", "expected"), [("90", 90), ("90s", 90), ("15m", 900), ("500ms", 0.5)])
def test_the_sandbox_takes_the_same(text: str, expected: float) -> None:
    assert sandbox_seconds(text, "--latency") == expected


def test_a_request_may_take_half_a_second_and_no_two_hours() -> None:
    assert read_settings({"VT_TIMEOUT": "500ms"}).timeout_s == 0.5
    with pytest.raises(ConfigError, match=r"VT_TIMEOUT: '2h' is not a number from 0.1 to 3600"):
        read_settings({"VT_TIMEOUT": "2h"})
