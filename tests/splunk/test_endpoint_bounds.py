"""A process of the endpoint serves many calls: in bounded time, and by the settings and the key of the day."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.quota.waiters import Claim
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest
from vtlookup_app.endpoint import lookup as answering
from vtlookup_app.endpoint.base import answered as answered_setup
from vtlookup_app.endpoint.lookup import LookUpEndpoint
from vtlookup_app.endpoint.shared_core import SharedCore
from vtlookup_app.setup.endpoints import SettingsEndpoint
from vtlookup_app.splunkd import Splunkd

from .endpoint_harness import KEY, batch, codes, lookup_of
from .fake_endpoints import SYSTEM
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, md5

OLD, NEW = "the-old-key", "the-new-key"


class FakeCore:
    """Answers with what it was asked; `takes_s` of the clock each, or for ever where `stuck`."""

    def __init__(self, clock: FakeClock, takes_s: float = 0.0) -> None:
        self.asked: list[Any] = []
        self.claims: list[Claim | None] = []
        self.stuck = threading.Event()
        self.stuck.set()
        self._clock = clock
        self._takes_s = takes_s

    def answer(self, document: Any, claim: Claim | None = None) -> dict[str, Any]:
        self.asked.append(document)
        self.claims.append(claim)
        assert self.stuck.wait(60)
        self._clock.advance(self._takes_s)
        return {"action": None, "error": None, "status": "ok", "data": None, "meta": {"requests": 0}}

    def within(self, batch: object) -> FakeCore:
        return self

    def end_batch(self) -> None:
        return None

    @contextlib.contextmanager
    def core(self, system: Splunkd) -> Iterator[Any]:
        yield self


def passed(document: Any, **more: Any) -> str:
    """What splunkd passes to the handler."""
    request = {
        "method": "POST",
        "server": {"rest_uri": "http://127.0.0.1:9"},
        "session": {"user": "somebody", "authtoken": SESSION},
        "system_authtoken": SYSTEM,
        "payload": json.dumps(document),
    }
    return json.dumps({**request, **more})


def answered(core: Any, clock: FakeClock, document: Any) -> Any:
    reply = LookUpEndpoint(core, clock).handle(passed(document))
    assert reply["status"] == 200
    return json.loads(reply["payload"])


def test_each_search_has_its_own_place_in_the_queue_for_quota_and_many_requests_are_a_batch() -> None:
    clock = FakeClock()
    core = FakeCore(clock)
    endpoint = LookUpEndpoint(core, clock)  # type: ignore[arg-type]
    one, other = ({"session": {"user": "analyst", "authtoken": token}} for token in ("a-token", "another-token"))
    for session in (one, other, one):
        endpoint.handle(passed(lookup_of(EICAR_MD5), **session))
    endpoint.handle(passed(batch([lookup_of(md5(1)), lookup_of(md5(2))]), **one))
    clients = [claim.client for claim in core.claims if claim is not None]
    assert clients == [clients[0], clients[1], clients[0], clients[0], clients[0]]
    assert clients[0] != clients[1]
    assert "token" not in repr(core.claims)
    assert [claim.batch for claim in core.claims if claim is not None] == [False, False, False, True, True]


@pytest.mark.parametrize(("given", "waits"), [({}, 10.0), ({"max_wait_s": 3600}, 10.0), ({"max_wait_s": 2}, 2)])
def test_no_request_waits_longer_than_a_call_may(given: dict[str, Any], waits: float) -> None:
    clock = FakeClock()
    core = FakeCore(clock)
    answered(core, clock, lookup_of(EICAR_MD5, options=given))
    assert core.asked[0]["options"]["max_wait_s"] == waits


def test_all_requests_of_a_call_wait_together_no_longer_than_it_may() -> None:
    clock = FakeClock()
    core = FakeCore(clock, takes_s=4.0)
    answered(core, clock, batch(lookup_of(md5(number)) for number in range(4)))
    assert [document["options"]["max_wait_s"] for document in core.asked] == [10.0, 6.0, 2.0, 0.0]


def test_a_scan_is_not_followed_for_longer_either() -> None:
    clock = FakeClock()
    core = FakeCore(clock)
    answered(core, clock, {"action": "get_analysis", "params": {"analysis_id": "x", "wait_s": 600}})
    assert core.asked[0]["params"]["wait_s"] == 10.0


def test_what_takes_too_long_is_given_up_and_the_rest_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "LONGEST_S", 0.2)
    clock = FakeClock()
    core = FakeCore(clock)
    core.stuck.clear()
    document = batch([lookup_of(EICAR_MD5, id=1), lookup_of("0" * 32, auth={"api_key": "x"}, id=2)])
    try:
        answer = answered(core, clock, document)
    finally:
        core.stuck.set()
    assert codes(answer) == ["timeout", "invalid_request"]
    assert [response["id"] for response in answer["responses"]] == [1, 2]


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("scan_url", {"url": "https://example.com/new"}, "outcome_unknown"),
        ("lookup_url", {"url": "https://example.com/new", "scan_if_missing": True}, "outcome_unknown"),
        ("lookup_url", {"url": "https://example.com/new"}, "timeout"),
    ],
)
def test_a_write_that_takes_too_long_is_outcome_unknown(
    monkeypatch: pytest.MonkeyPatch, action: str, params: dict[str, Any], code: str
) -> None:
    monkeypatch.setattr(answering, "LONGEST_S", 2.0)
    clock = FakeClock()
    core = FakeCore(clock)
    core.stuck.clear()
    with FakeSplunkd() as splunkd:
        text = passed({"action": action, "params": params}, server={"rest_uri": splunkd.url})
        try:
            reply = LookUpEndpoint(core, clock).handle(text)  # type: ignore[arg-type]
        finally:
            core.stuck.set()
    assert codes(json.loads(reply["payload"])) == [code]


@pytest.mark.parametrize("text", ["", "{}", "[1]", "null", "\ud800", passed({}, session=None), passed({}, server={})])
def test_requests_that_splunkd_never_passes_are_answered_anyway(text: str) -> None:
    reply = LookUpEndpoint(FakeCore(FakeClock()), FakeClock()).handle(text)  # type: ignore[arg-type]
    assert reply["status"] == 500
    assert codes(json.loads(reply["payload"])) == ["invalid_request"]


def test_bytes_are_as_good_as_a_text() -> None:
    clock = FakeClock()
    core: Any = FakeCore(clock)
    assert LookUpEndpoint(core, clock).handle(passed(lookup_of(EICAR_MD5)).encode())["status"] == 200


@pytest.fixture
def shared(tmp_path: Path, sandbox: SandboxServer) -> Iterator[tuple[SharedCore, FakeClock, FakeSplunkd]]:
    clock = FakeClock()
    with FakeSplunkd(OLD, {"api_url": sandbox.url, "quota": "none"}) as splunkd:
        yield SharedCore(tmp_path / "app", {"SPLUNK_HOME": str(tmp_path)}, clock), clock, splunkd


def look_up(shared: SharedCore, splunkd: FakeSplunkd, value: str) -> tuple[object, str]:
    with shared.core(Splunkd(splunkd.url, SYSTEM)) as core:
        return core, core.answer(lookup_of(value))["status"]


def test_a_core_lives_until_the_settings_or_the_key_have_changed(
    shared: tuple[SharedCore, FakeClock, FakeSplunkd], sandbox: SandboxServer
) -> None:
    core, clock, splunkd = shared
    first, _ = look_up(core, splunkd, md5(1))
    clock.advance(31)
    assert look_up(core, splunkd, md5(2))[0] is first
    splunkd.password = NEW
    assert look_up(core, splunkd, md5(3))[0] is first
    clock.advance(31)
    second, _ = look_up(core, splunkd, md5(4))
    assert second is not first
    splunkd.settings = {**splunkd.settings, "malicious_threshold": "7"}
    core.forget()
    assert look_up(core, splunkd, md5(5))[0] is not second
    assert [request.key for request in sandbox.requests] == [key_digest(OLD)] * 3 + [key_digest(NEW)] * 2


def test_what_the_setup_page_stores_holds_at_once_in_its_own_process(
    shared: tuple[SharedCore, FakeClock, FakeSplunkd], sandbox: SandboxServer
) -> None:
    core, _, splunkd = shared
    look_up(core, splunkd, md5(1))
    document = passed({"api_key": NEW}, server={"rest_uri": splunkd.url})
    assert answered_setup(document, SettingsEndpoint(core).answer, "vtlookup_admin")["status"] == 200
    look_up(core, splunkd, md5(2))
    assert [request.key for request in sandbox.requests] == [key_digest(OLD), key_digest(NEW)]


def test_a_core_that_is_in_use_outlives_the_settings_it_was_made_of(
    shared: tuple[SharedCore, FakeClock, FakeSplunkd],
) -> None:
    core, _, splunkd = shared
    with core.core(Splunkd(splunkd.url, SYSTEM)) as old:
        splunkd.password = NEW
        core.forget()
        assert look_up(core, splunkd, md5(1))[0] is not old
        assert old.answer(lookup_of(md5(2)))["status"] in ("ok", "not_found")


def test_a_splunkd_that_is_gone_for_a_moment_is_asked_again(
    shared: tuple[SharedCore, FakeClock, FakeSplunkd], monkeypatch: pytest.MonkeyPatch
) -> None:
    core, _, splunkd = shared
    splunkd.garbled = True
    assert look_up(core, splunkd, EICAR_MD5)[1] == "error"
    splunkd.garbled = False
    assert look_up(core, splunkd, EICAR_MD5)[1] == "ok"


def test_proxy_and_ca_bundle_are_the_settings_unless_the_environment_has_its_own(
    shared: tuple[SharedCore, FakeClock, FakeSplunkd], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "before")
    core, _, splunkd = shared
    stored = {"proxy": "http://proxy.example.com:3128", "ca_bundle": "/etc/ca.pem"}
    plain, splunkd.settings = splunkd.settings, {**splunkd.settings, **stored}
    look_up(core, splunkd, "no hash")
    assert (os.environ["HTTPS_PROXY"], os.environ["REQUESTS_CA_BUNDLE"]) == tuple(stored.values())
    splunkd.settings = plain
    core.forget()
    look_up(core, splunkd, "no hash")
    assert not {"HTTPS_PROXY", "REQUESTS_CA_BUNDLE"} & set(os.environ)
    monkeypatch.setenv("https_proxy", "http://own.example.com")
    own = SharedCore(tmp_path / "app", os.environ, FakeClock())
    splunkd.settings = {**plain, "proxy": "http://proxy.example.com:3128"}
    look_up(own, splunkd, "no hash")
    assert "HTTPS_PROXY" not in os.environ
    assert KEY not in repr(os.environ)
