"""The notation of quotas."""

from __future__ import annotations

import pytest

from vt_connectors.errors import ConfigError
from vt_connectors.quota import Calendar, Sliding, parse_quota
from vt_connectors.quota.windows import PUBLIC


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("4/minute", (Sliding(4, 60.0),)),
        (" 4 / Minute , 500/DAY ", (Sliding(4, 60.0), Calendar(500, "day"))),
        ("1/second,2/hour,3/month", (Sliding(1, 1.0), Sliding(2, 3600.0), Calendar(3, "month"))),
        ("10/20s", (Sliding(10, 20.0),)),
        ("8/1.5s", (Sliding(8, 1.5),)),
        ("none", ()),
        (PUBLIC, (Sliding(4, 60.0), Calendar(500, "day"), Calendar(15500, "month"))),
    ],
)
def test_any_set_of_windows_can_be_written(text: str, windows: object) -> None:
    assert parse_quota(text).windows == windows
    assert not parse_quota(text).auto


def test_auto_starts_from_the_public_quota() -> None:
    assert parse_quota("auto").auto
    assert parse_quota("auto").windows == parse_quota(PUBLIC).windows


def test_the_shown_text_can_be_parsed() -> None:
    quota = parse_quota("8/1.5s,4/minute,500/day")
    assert str(quota) == "8/1.5s,4/minute,500/day"
    assert str(parse_quota("none")) == "none"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "4",
        "4/",
        "0/minute",
        "-4/minute",
        "4.5/minute",
        "4/minutes",
        "4/0s",
        "4/0.000s",
        "4/s",
        "4/1e3s",
        "4/minute,",
        "four/minute",
        "\u0664/minute",
        "none,4/minute",
        "auto,4/minute",
        "4/minute;500/day",
        "4 per minute",
    ],
)
def test_an_invalid_quota_is_a_configuration_error_that_names_the_setting(text: str) -> None:
    with pytest.raises(ConfigError, match="VT_QUOTA"):
        parse_quota(text)


def test_a_share_keeps_every_window_and_at_least_one_request() -> None:
    assert str(parse_quota("4/minute,500/day,2/month").share(4)) == "1/minute,125/day,1/month"
