"""Shares of tokens in the quota, through the whole server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.vtaction_process import clean_environment, lookup
from vt_connectors.adapters.core_from_environment import core_from
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.share_registration import ShareRegistration
from vt_connectors.clock import SystemClock
from vt_connectors.contract.validation import violation
from vt_connectors.errors import ConfigError
from vt_connectors.misconfigured import Misconfigured

from .serving import EVERYTHING, READER, Serving, serving

LIMIT = 10


def _register(server: Serving, **percents: int) -> None:
    with server.service.cores.core() as core:
        core.shares.register({f"token:{name}": percent for name, percent in percents.items()}, "this server")


def _answered(server: Serving, token: str, first: int, count: int) -> list[Any]:
    """The errors of so many lookups of different files; None for each that was answered."""
    return [server.run(lookup(f"{first + number:032x}"), token)["error"] for number in range(count)]


def test_a_token_that_floods_leaves_the_shares_of_the_others(tmp_path: Path) -> None:
    with serving(tmp_path, quota=f"{LIMIT}/day,1000/month") as server:
        _register(server, reader=50, everything=20)
        flood = _answered(server, EVERYTHING, 1, LIMIT)
        assert [error is None for error in flood] == [True] * 5 + [False] * 5
        for error in flood[5:]:
            assert error["code"] == "rate_limited"
            assert "the share of token:everything in the quota of this day is used up (2 requests)" in error["message"]
            assert error["details"]["share"] == {
                "client": "token:everything",
                "percent": 20,
                "guaranteed": 2,
                "used": 5,
            }
        own = _answered(server, READER, 100, LIMIT)
        assert [error is None for error in own] == [True] * 5 + [False] * 5
        assert own[-1]["details"]["window"] == "day"
        assert len(server.sandbox.requests) == LIMIT


def test_another_process_on_the_same_state_obeys_the_shares(tmp_path: Path) -> None:
    with serving(tmp_path, quota=f"{LIMIT}/day") as server:
        _register(server, reader=70)
        environment = {
            **clean_environment(),
            "VT_API_URL": server.sandbox.url,
            "VT_API_KEY": "a-key-of-the-sandbox-that-clients-never-see",
            "VT_STATE": str(tmp_path / "state.db"),
            "VT_QUOTA": f"{LIMIT}/day",
        }
        core = core_from(environment, SystemClock())
        errors = [core.answer(lookup(f"{number:032x}"))["error"] for number in range(1, LIMIT)]
        assert [error is None for error in errors] == [True] * 3 + [False] * 6
        assert [error is None for error in _answered(server, READER, 100, 7)] == [True] * 7


def test_the_figures_of_each_token_are_in_the_core(tmp_path: Path) -> None:
    with serving(tmp_path, quota=f"{LIMIT}/day") as server:
        _register(server, reader=50, everything=0)
        _answered(server, READER, 1, 2)
        with server.service.cores.core() as core:
            usage = core.shares.usage()
    assert usage["token:reader"] == {
        "share": 50,
        "waiting": 0,
        "windows": {"day": {"used": 2, "guaranteed": 5, "limit": LIMIT}},
    }
    assert usage["token:everything"]["windows"]["day"]["used"] == 0


def test_an_answer_from_the_cache_needs_no_share(tmp_path: Path) -> None:
    with serving(tmp_path, quota=f"{LIMIT}/day") as server:
        _register(server, reader=100)
        assert _answered(server, READER, 1, 1) == [None]
        assert _answered(server, EVERYTHING, 1, 1) == [None]
        assert _answered(server, EVERYTHING, 2, 1) != [None]


def test_with_wrong_settings_shares_raise_their_error() -> None:
    with pytest.raises(ConfigError, match="the settings are wrong"):
        Misconfigured(ConfigError("the settings are wrong")).shares.register({})


def test_the_server_registers_the_shares_of_its_tokens_and_a_client_sees_its_own_use(tmp_path: Path) -> None:
    callers = [Caller("reader", share=50), Caller("everything", frozenset(RIGHTS), share=20)]
    with serving(tmp_path, quota=f"{LIMIT}/day,1000/month") as server:
        shares = ShareRegistration(server.service.cores, lambda: callers, "tokens.json", server.clock)
        shares.look()
        _answered(server, READER, 1, 2)
        own = server.call("GET", "/v1/quota", READER).json()["data"]["clients"]
        assert own == {
            "reader": {
                "share": 50,
                "waiting": 0,
                "windows": {
                    "day": {"used": 2, "guaranteed": 5, "limit": LIMIT},
                    "month": {"used": 2, "guaranteed": 500, "limit": 1000},
                },
            }
        }
        assert violation("results/quota.json", {"windows": {}, "clients": own}) is None
        assert set(server.call("GET", "/v1/quota", EVERYTHING).json()["data"]["clients"]) == {"reader", "everything"}
        callers[1:] = []
        shares.look()
        assert set(server.call("GET", "/v1/quota", EVERYTHING).json()["data"]["clients"]) == {"reader"}


def test_shares_that_cannot_be_registered_are_logged_and_the_server_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callers = [Caller("reader", share=60), Caller("everything", share=60)]
    with serving(tmp_path, quota=f"{LIMIT}/day") as server:
        shares = ShareRegistration(server.service.cores, lambda: callers, "tokens.json", server.clock)
        shares.look()
        shares.again()
        shares.look()
        assert _answered(server, READER, 1, 1) == [None]
    assert sum("the shares of the tokens could not be registered" in text for text in caplog.messages) == 1
