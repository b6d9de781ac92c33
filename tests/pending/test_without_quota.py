"""When the quota is used up the rest is answered at once, from the cache if possible, and says if it is queued."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from tests.responses import error_of
from tests.splunk.fake_splunkd import SESSION, FakeSplunkd
from tests.splunk.kvstore_parts import Splunkd
from tests.virustotal.house import SECRET
from tests.vtaction_process import RunnerProcess, lookup, vtaction_process
from vt_connectors import RateLimited, connect
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.composition.state import KVSTORE, NO_PLACES
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.documents import Options
from vt_connectors.contract.response import Response
from vt_connectors.core import Core
from vt_connectors.sandbox import Quota, SandboxServer

from .conftest import Harness

NOW = Options(max_wait_s=0.0)
HOSTS = [f"8.8.{number // 250}.{number % 250}" for number in range(1, 2300)]
FIRST = "9.9.9.9"
MOST = 1200

MakeCore = Callable[..., Core]


@pytest.fixture
def make_core(
    kind: str, clock: FakeClock, tmp_path: Path, sandbox: SandboxServer, request: pytest.FixtureRequest
) -> Iterator[MakeCore]:
    """Cores that share a state of each kind, like processes; in memory there is only one core."""
    made: list[Core] = []
    state, places = str(tmp_path / "state.db"), NO_PLACES
    if kind == "redis":
        process: RedisProcess = request.getfixturevalue("redis_process")
        state = process.url
    elif kind == "kvstore":
        splunkd: FakeSplunkd = request.getfixturevalue("splunkd_with_kvstore")
        state, places = KVSTORE, Splunkd(splunkd.url, SESSION).places()

    def make(quota: str = "1/month", **settings: str) -> Core:
        if kind == "memory" and made:
            return made[0]
        given = {"VT_API_URL": sandbox.url, "VT_STATE": state, "VT_QUOTA": quota, "VT_PENDING_MAX": str(MOST)}
        where = {"VT_STATE": "memory"} if kind == "memory" else {}
        settings_read = settings_from({**given, **where, **settings})
        made.append(build(settings_read, lambda: ApiKey(SECRET), clock, places=places))
        return made[-1]

    yield make
    for core in made:
        core.close()


def queued(response: Mapping[str, Any]) -> bool:
    assert response["error"]["code"] == "rate_limited"
    found: bool = response["error"]["details"]["queued"]
    return found


def entries(core: Core) -> list[str]:
    return [entry.value for entry in core.context.pending.oldest(99_999)]


def test_one_by_one_each_answer_says_whether_it_is_queued(
    make_core: MakeCore, sandbox: SandboxServer, clock: FakeClock
) -> None:
    core = make_core(VT_PENDING_MAX="40")
    assert core.look_up("ip", FIRST, NOW)["status"] == "ok"
    first = {host: queued(core.look_up("ip", host, NOW)) for host in HOSTS[:30]}
    clock.advance(2)
    core = make_core(VT_PENDING_MAX="40")
    again = {host: queued(core.look_up("ip", host, NOW)) for host in HOSTS[:80]}
    core.end_batch()
    assert all(first.values())
    assert [host for host, is_queued in again.items() if is_queued] == HOSTS[:40] == entries(core)
    assert core.context.pending.stats()["refused"] == 40
    assert len(sandbox.requests) == 1


def test_many_callers_at_once_get_the_same_refusal(make_core: MakeCore, sandbox: SandboxServer) -> None:
    core = make_core()
    core.look_up("ip", FIRST, NOW)
    assert core.look_up_at_hand("ip", HOSTS, NOW) == {}, "no caller was refused yet"
    refused = core.look_up("ip", HOSTS[0], NOW)
    found = core.look_up_at_hand("ip", [FIRST, "10.0.0.1", "nothing", *HOSTS], NOW)
    assert {value: found[value]["status"] for value in (FIRST, "10.0.0.1")} == {FIRST: "ok", "10.0.0.1": "skipped"}
    assert error_of(found["nothing"])["code"] == "invalid_indicator"
    assert [host for host in HOSTS if queued(found[host])] == HOSTS[:MOST] == entries(core)
    assert error_of(found[HOSTS[0]])["details"] == error_of(refused)["details"]
    assert error_of(found[HOSTS[0]])["retry_after_s"] == pytest.approx(error_of(refused)["retry_after_s"], abs=30)
    assert found[HOSTS[0]]["meta"]["quota"].keys() == refused["meta"]["quota"].keys()
    assert len({id(found[host]) for host in HOSTS}) <= 6, "equal refusals are one object"
    core.end_batch()
    assert core.context.pending.stats()["refused"] == len(HOSTS) - MOST
    assert len(sandbox.requests) == 1


def test_entries_that_a_drain_cannot_use_are_not_queued(make_core: MakeCore) -> None:
    core = make_core()
    core.look_up("ip", FIRST, NOW)
    for _ in range(2):
        assert not queued(core.look_up("ip", HOSTS[0], NOW._replace(cache="off")))
    found = core.look_up_at_hand("ip", HOSTS[:5], NOW._replace(cache="off"))
    assert [queued(found[host]) for host in HOSTS[:5]] == [False] * 5
    assert queued(core.look_up_at_hand("ip", HOSTS[5:6], NOW._replace(cache="refresh"))[HOSTS[5]])
    own = {"api_key": "another-key"}
    answers = [core.answer({"action": "lookup_ip", "params": {"ip": host}, "auth": own}) for host in HOSTS[6:8]]
    assert answers[0]["status"] == "ok", "another key has a quota of its own"
    assert not queued(answers[1])
    assert entries(core) == [HOSTS[5]]


def test_the_requested_parts_are_queued(make_core: MakeCore) -> None:
    core = make_core()
    core.look_up("ip", FIRST, NOW)
    core.look_up("ip", HOSTS[0], NOW)
    core.look_up_at_hand("ip", HOSTS[:3], NOW._replace(include=frozenset(["raw"])))
    assert {sorted(entry.parts)[0] for entry in core.context.pending.oldest(9)} == {"raw"}


def test_spellings_of_one_indicator_are_one_entry(make_core: MakeCore) -> None:
    core = make_core()
    core.look_up("ip", FIRST, NOW)
    core.look_up("ip", HOSTS[0], NOW)
    spellings = ["evil.example", "EVIL.example", "evil[.]example", " evil.example "]
    found = core.look_up_at_hand(None, spellings, NOW)
    assert [queued(found[value]) for value in spellings] == [True] * 4
    assert entries(core) == [HOSTS[0], "evil.example"]


def test_the_next_day_there_is_quota_again(make_core: MakeCore, kind: str, clock: FakeClock) -> None:
    if kind == "redis":
        pytest.skip("its day is the server's")
    core = make_core("1/day")
    core.look_up("ip", FIRST, NOW)
    refused = core.look_up("ip", HOSTS[0], NOW)
    clock.advance(error_of(refused)["retry_after_s"] - 0.5)
    assert len(core.look_up_at_hand("ip", HOSTS[:4], NOW)) == 4
    clock.advance(5)
    assert core.look_up_at_hand("ip", HOSTS[:4], NOW) == {}
    assert core.look_up("ip", HOSTS[0], NOW)["status"] == "ok"
    assert HOSTS[0] not in entries(core), "it was queued here, and is answered"


def test_a_value_cached_meanwhile_is_answered(make_core: MakeCore, kind: str) -> None:
    if kind == "memory":
        pytest.skip("there is one process only")
    core = make_core()
    core.look_up("ip", FIRST, NOW)
    core.look_up("ip", HOSTS[0], NOW)
    richer = make_core("none")
    richer.look_up("ip", HOSTS[1], NOW)
    assert core.look_up("ip", HOSTS[1], NOW)["meta"]["source"] == "cache"
    assert core.look_up_at_hand("ip", HOSTS[:2], NOW)[HOSTS[1]]["meta"]["source"] == "cache"


def test_a_record_with_more_room_is_noticed_within_a_second(harness: Harness) -> None:
    core = harness.core("1/day")
    harness.look_up(core, FIRST)
    assert queued(harness.look_up(core, HOSTS[0]))
    (harness._state.parent / "state-quota.db").unlink()
    harness.clock.advance(1.01)
    assert core.look_up_at_hand("ip", HOSTS[:3], NOW) == {}


def test_a_pause_after_a_429_is_reported_from_memory(clock: FakeClock, tmp_path: Path) -> None:
    with SandboxServer(Quota(windows=((1, 600.0),)), clock.now) as server:
        harness = Harness(server, clock, tmp_path / "state.db")
        core = harness.core("none")
        harness.look_up(core, FIRST)
        harness.look_up(core, HOSTS[0])
        asked = len(server.all_requests)
        found = core.look_up_at_hand("ip", HOSTS[:50], NOW)
        assert {error_of(response)["details"]["source"] for response in found.values()} == {"upstream"}
        assert all(queued(response) for response in found.values())
        assert len(server.all_requests) == asked


def test_the_rest_takes_no_lease_and_no_slot(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    core = harness.core("1/day")
    harness.look_up(core, FIRST)
    harness.look_up(core, HOSTS[0])

    def never(*_: Any) -> Any:
        pytest.fail("it is known that there is no quota")

    monkeypatch.setattr(core.context.single_flight, "run", never)
    monkeypatch.setattr(core.context.account(None).limiter, "_transact", never)
    for mode in ("default", "refresh", "off"):
        assert harness.look_up(core, HOSTS[1], cache=mode)["error"]["code"] == "rate_limited"
    assert harness.look_up(core, FIRST)["status"] == "ok"


def test_a_request_of_another_thread_is_waited_for(tmp_path: Path) -> None:
    with SandboxServer(Quota.unlimited(), latency_s=1.0) as server:
        given = {"VT_API_URL": server.url, "VT_STATE": str(tmp_path / "state.db"), "VT_QUOTA": "2/month"}
        core = build(settings_from(given), lambda: ApiKey(SECRET), SystemClock())
        # The others wait until VirusTotal has accepted the key.
        core.look_up("ip", HOSTS[2], NOW)
        answers: list[Response] = []
        first = threading.Thread(target=lambda: answers.append(core.look_up("ip", FIRST, NOW)))
        first.start()
        while len(server.all_requests) < 2:
            assert first.is_alive()
        assert queued(core.look_up("ip", HOSTS[0], NOW))
        assert core.look_up_at_hand("ip", [FIRST, HOSTS[1]], NOW).keys() == {HOSTS[1]}
        again = core.look_up("ip", FIRST, NOW)
        first.join()
        assert (answers[0]["status"], again["status"], again["meta"]["source"]) == ("ok", "ok", "shared")


# The adapters, as processes.


@pytest.fixture
def exhausted(sandbox: SandboxServer, tmp_path: Path) -> RunnerProcess:
    """A core with an exhausted month and room for ten queue entries."""
    process = vtaction_process(sandbox, tmp_path)
    process.environment.update(VT_QUOTA="1/month", VT_PENDING_MAX="10")
    assert process.text("lookup_ip", FIRST).returncode == 0
    return process


def pending(process: RunnerProcess) -> tuple[int, int]:
    stats = json.loads(process.text("cache", "stats").stdout)
    return stats["pending"], stats["pending_refused"]


def test_the_runner_answers_every_line_in_order(exhausted: RunnerProcess, sandbox: SandboxServer) -> None:
    hashes = [f"{number:032x}" for number in range(300)]
    documents: list[Any] = [lookup(value, id=place, options={"max_wait_s": 0}) for place, value in enumerate(hashes)]
    odd = {
        3: {"action": "lookup_ip", "params": {"ip": FIRST}, "id": 3},
        50: {"action": "lookup_ip", "params": {"ip": "10.0.0.1"}, "id": 50},
        100: {"action": "lookup_hash", "params": {"hash": "nothing"}, "id": 100},
        150: {"action": "lookup_hash", "params": {"hsah": "typo"}, "id": 150},
        200: {"action": "nothing", "params": {}, "id": 200},
        250: {"action": "lookup_hash", "params": {"hash": hashes[250]}, "id": 250, "options": {"cache": "off"}},
    }
    for place, document in odd.items():
        documents[place] = document
    documents[151] = "no JSON"
    ran = exhausted(*documents)
    assert [line["id"] for line in ran.lines] == [None if place == 151 else place for place in range(300)]
    reported = Counter(line["error"]["code"] if line["error"] else line["status"] for line in ran.lines)
    refused = [line for line in ran.lines if line["error"] and line["error"]["code"] == "rate_limited"]
    assert reported == {
        "rate_limited": 294,
        "ok": 1,
        "skipped": 1,
        "invalid_indicator": 1,
        "invalid_request": 2,
        "unknown_action": 1,
    }
    assert sum(map(queued, refused)) == 10
    assert not queued(ran.lines[250])
    assert pending(exhausted) == (10, 294 - 10 - 1)
    assert len(sandbox.requests) == 1


def test_the_command_line_answers_every_value_in_order(exhausted: RunnerProcess, sandbox: SandboxServer) -> None:
    urls = [f"http://host.example/{number}" for number in range(200)]
    urls[20], urls[30] = "no url at all", "http://10.0.0.1/"
    done = exhausted.text("lookup_url", "-", "--max-wait", "0", stdin="\n".join(urls))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == urls
    assert [answers[place]["status"] for place in (20, 30)] == ["error", "skipped"]
    assert sum(queued(answer) for place, answer in enumerate(answers) if place not in (20, 30)) == 10
    assert pending(exhausted)[0] == 10
    assert len(sandbox.requests) == 1


def test_python_gets_every_value(sandbox: SandboxServer, tmp_path: Path) -> None:
    where: Any = {"api_url": sandbox.url, "api_key": "k" * 64, "state": tmp_path / "state.db", "quota": "1/month"}
    with connect(**where, pending_max=10) as vt:
        vt.lookup_ip(FIRST)
        found = {item.value: item for item in vt.lookup_many([*HOSTS[:200], FIRST, "10.0.0.1", "?"], max_wait_s=0)}
    assert len(found) == 203
    assert (found[FIRST].report, found["10.0.0.1"].report) != (None, None)
    errors = [found[host].error for host in HOSTS[:200]]
    assert all(isinstance(error, RateLimited) for error in errors)
    assert sum(error.details["queued"] for error in errors if error is not None) == 10
    assert len(sandbox.requests) == 1
