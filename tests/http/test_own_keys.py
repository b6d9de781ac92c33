"""Clients with VirusTotal keys of their own: made-up keys cost neither memory nor requests without limit."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.adapters.http.callers import Caller
from vt_connectors.adapters.http.cores import Cores
from vt_connectors.adapters.http.own_keys import ProvenKeys
from vt_connectors.adapters.http.rights import ServerSettings
from vt_connectors.adapters.http.waiting_places import WaitingPlaces
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.redaction import known_keys
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer
from vt_connectors.sandbox.accounts import key_digest
from vt_connectors.sandbox.faults import Fault

from .serving import FOR_MANY_AT_ONCE, KEY, READER, serving

EICAR = "44d88612fea8a8f36de82e1278abb02f"
LOOKUP = {"action": "lookup_hash", "params": {"hash": EICAR}}
OWN_KEY, LATER_KEY = "abcdef0123456789" * 4, "0123456789abcdef" * 4
MOST_CHECKS, MOST_KEYS = 30, 100
ACCEPTED = SandboxConfig(accepted_keys=frozenset((KEY, OWN_KEY, LATER_KEY)))


class Proofs:
    """`ProvenKeys` in front of a sandbox that accepts a few keys."""

    def __init__(self, folder: Path, sandbox: SandboxServer) -> None:
        environment = {"VT_API_URL": sandbox.url, "VT_API_KEY": KEY, "VT_STATE": str(folder / "state.db")}
        self.clock = FakeClock()
        self.cores = Cores(environment, SystemClock())
        self.keys = ProvenKeys(self.cores, WaitingPlaces(16), self.clock)
        self._sandbox = sandbox

    def refusal(self, key: str) -> Any:
        return self.keys.refusal(Caller("", api_key=ApiKey(key)))

    def code(self, key: str) -> str | None:
        refused = self.refusal(key)
        return None if refused is None else refused.code

    def requests_of(self, key: str) -> int:
        return sum(each.key == key_digest(key) for each in self._sandbox.all_requests)

    @property
    def requests(self) -> int:
        return len(self._sandbox.all_requests)


@pytest.fixture
def proofs(tmp_path: Path) -> Iterator[Proofs]:
    with SandboxServer(Quota.unlimited(), config=ACCEPTED) as sandbox:
        proofs = Proofs(tmp_path, sandbox)
        yield proofs
        proofs.cores.close()


def made_up() -> str:
    return secrets.token_hex(32)


def test_of_many_made_up_keys_few_are_sent_to_virustotal_and_the_rest_is_told_when_to_return(proofs: Proofs) -> None:
    codes = [proofs.code(made_up()) for _ in range(3 * MOST_CHECKS)]
    assert codes == ["access_denied"] * MOST_CHECKS + ["rate_limited"] * 2 * MOST_CHECKS
    assert proofs.requests == MOST_CHECKS
    proofs.clock.advance(proofs.refusal(LATER_KEY).retry_after)
    assert proofs.refusal(LATER_KEY) is None


def test_made_up_keys_do_not_delay_a_key_that_was_accepted_before(proofs: Proofs) -> None:
    assert proofs.refusal(OWN_KEY) is None
    for _ in range(2 * MOST_CHECKS):
        proofs.refusal(made_up())
    assert proofs.refusal(OWN_KEY) is None
    assert proofs.requests_of(OWN_KEY) == 1
    # After an hour it is checked again, whatever else is.
    proofs.clock.advance(3601.0)
    for _ in range(2 * MOST_CHECKS):
        proofs.refusal(made_up())
    assert proofs.refusal(OWN_KEY) is None
    assert proofs.requests_of(OWN_KEY) == 2


def test_a_refused_key_is_remembered_for_minutes_and_then_checked_again(proofs: Proofs) -> None:
    wrong = made_up()
    assert [proofs.code(wrong) for _ in range(50)] == ["access_denied"] * 50
    assert proofs.requests_of(wrong) == 1
    # The repetitions did not use up the checks of others.
    assert proofs.refusal(OWN_KEY) is None


def test_a_failure_of_virustotal_is_no_refusal_of_the_key(tmp_path: Path) -> None:
    config = SandboxConfig(faults=(Fault("503", 1),))
    with SandboxServer(Quota.unlimited(), config=config) as sandbox:
        proofs = Proofs(tmp_path, sandbox)
        assert proofs.code(OWN_KEY) == "unavailable"
        sent = proofs.requests
        # Later, after the circuit breaker's pause.
        proofs.cores.reload()
        assert proofs.code(OWN_KEY) == "unavailable"
        assert proofs.requests > sent
        proofs.cores.close()


def test_made_up_keys_leave_nothing_in_memory(tmp_path: Path) -> None:
    before = len(known_keys())
    settings = ServerSettings(accepts_keys=True)
    with serving(tmp_path, config=ACCEPTED, server_settings=settings) as server:
        # In documents, which whoever has a token may send, they are not checked first.
        for _ in range(MOST_KEYS + 20):
            refused = server.run({**LOOKUP, "auth": {"api_key": made_up()}, "options": {"cache": "off"}}, READER)
            assert refused["error"]["code"] == "access_denied"
        assert len(known_keys()) - before <= MOST_KEYS + 2
        assert server.run(LOOKUP, READER)["status"] == "ok"


def test_clients_with_tokens_are_answered_during_a_flood_of_made_up_keys(tmp_path: Path) -> None:
    settings = ServerSettings(accepts_keys=True)
    limits = FOR_MANY_AT_ONCE
    serves = serving(tmp_path, config=ACCEPTED, server_settings=settings, limits=limits)
    with serves as server, ThreadPoolExecutor(16) as pool:
        floods = [pool.submit(server.run, LOOKUP, made_up()) for _ in range(200)]
        assert server.run(LOOKUP, READER)["status"] == "ok"
        codes = {flood.result()["error"]["code"] for flood in floods}
        sent = [each for each in server.sandbox.all_requests if each.key != key_digest(KEY)]
    assert codes == {"access_denied", "rate_limited"}
    assert len(sent) <= MOST_CHECKS
