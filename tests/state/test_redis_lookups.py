"""Lookups are answered whatever happens to the server: with the real composition and a fake VirusTotal."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from tests.state.test_lookups_go_on import PlayedVirusTotal
from tests.vtaction_process import lookup
from vt_connectors.api_key import ApiKey
from vt_connectors.backends.redis.answers import RedisAnswers
from vt_connectors.backends.redis.leases import RedisLeases
from vt_connectors.backends.redis.pending import RedisPending
from vt_connectors.backends.redis.server import LEDGERS, RedisServer
from vt_connectors.backends.redis_url import redis_address
from vt_connectors.clock import SystemClock
from vt_connectors.coalescing.leases import Lease, Result
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError
from vt_connectors.quota import parse_quota

KEY = "key-of-the-house-" + "k" * 40
Spoil = Callable[[RedisProcess], None]


class Harness:
    """Processes on several machines with different clocks, and one server."""

    def __init__(self, state: str, quota: str) -> None:
        self.virustotal = PlayedVirusTotal()
        self._settings = Settings(state=state, quota=parse_quota(quota))

    def core(self, clock: FakeClock | None = None) -> Core:
        return build(self._settings, lambda: ApiKey(KEY), clock or FakeClock(), lambda key: self.virustotal)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path / "redis").start()
    yield process
    process.kill()


def _ask(core: Core, number: int) -> str:
    answer = core.answer(lookup(f"{number:032x}", options={"max_wait_s": 0}))
    return str(answer["error"]["code"] if answer["error"] else answer["meta"]["source"])


def test_machines_with_clocks_of_their_own_share_answers_and_quota(redis_process: RedisProcess) -> None:
    harness = Harness(redis_process.url, "2/minute")
    one, other = harness.core(FakeClock(2e9)), harness.core(FakeClock(1e9))
    assert [_ask(one, 1), _ask(other, 1), _ask(other, 2)] == ["api", "cache", "api"]
    assert [_ask(one, 3), _ask(other, 4)] == ["rate_limited"] * 2
    assert len(harness.virustotal.asked) == 2


def test_it_does_not_reveal_the_key(redis_process: RedisProcess) -> None:
    harness = Harness(redis_process.url, "4/minute")
    _ask(harness.core(), 1)
    server = redis_process.server()
    names = [name for batch in server.keys("") for name in batch]
    assert {name.split(b":")[2] for name in names} == {b"answer", b"ledger"}
    assert all(name.startswith(b"vt-connectors:1:") for name in names)
    dumped = [server.call("GET" if b":answer:" in name else "HGETALL", name) for name in names]
    assert KEY not in repr(names) + repr(dumped)
    for name in names:
        assert (server.call("TTL", name) > 0) is (b":ledger:" not in name), "all ends by itself but the record"


def _gone(process: RedisProcess) -> None:
    process.kill()


def _read_only(process: RedisProcess) -> None:
    process.server().call("REPLICAOF", "127.0.0.1", "9")


def _other_password(process: RedisProcess) -> None:
    server = process.server()
    server.call("CONFIG", "SET", "requirepass", "changed-meanwhile")
    server.call("CLIENT", "KILL", "TYPE", "normal")


@pytest.mark.parametrize("spoil", [_gone, _read_only, _other_password])
def test_lookups_continue_with_a_quarter_when_the_state_becomes_unusable(
    own: RedisProcess, caplog: pytest.LogCaptureFixture, spoil: Spoil
) -> None:
    clock = FakeClock()
    core = Harness(own.url, "8/minute").core(clock)
    assert _ask(core, 1) == "api"
    spoil(own)
    assert _ask(core, 2) == "rate_limited", "what others were granted before is not known"
    clock.advance(61)
    assert [_ask(core, number) for number in (2, 3, 4, 5, 2)] == ["api", "api", "rate_limited", "rate_limited", "cache"]
    reported = [record.getMessage() for record in caplog.records]
    assert any("share a quarter" in message for message in reported)
    assert any("the shared cache" in message for message in reported)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert len(reported) <= 5, reported


def test_on_a_full_server_the_quota_is_counted_and_no_request_is_sent_twice(
    own: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    own.server().call("CONFIG", "SET", "maxmemory", "1")
    harness = Harness(own.url, "8/minute")
    cores = [harness.core() for _ in range(5)]
    for number in range(8):
        assert [_ask(core, number) for core in cores] == ["api"] + ["shared"] * 4
    assert [_ask(core, 8) for core in cores] == ["rate_limited"] * 5
    assert "new answers are not stored in the shared cache" in caplog.text
    assert "share a quarter" not in caplog.text


def test_when_it_is_back_it_is_used_again(own: RedisProcess) -> None:
    harness, clock = Harness(own.url, "100/minute"), FakeClock()
    core = harness.core(clock)
    own.kill()
    assert _ask(core, 1) == "rate_limited"
    own.start()
    clock.advance(61)
    assert _ask(core, 2) == "api"
    assert _ask(harness.core(), 2) == "cache", "others see it"


def test_a_server_that_is_missing_at_the_start_blocks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    core = Harness("redis://127.0.0.1:9", "8/minute").core(clock)
    assert _ask(core, 1) == "rate_limited"
    clock.advance(61)
    assert [_ask(core, number) for number in (1, 2, 3)] == ["api", "api", "rate_limited"]
    assert "refused" in caplog.text


def test_a_wrong_password_is_reported_before_any_request(tmp_path: Path) -> None:
    process = RedisProcess(tmp_path, "--requirepass", "right", user=":s3cr3t").start()
    try:
        with pytest.raises(ConfigError, match="refuses the user or the password") as caught:
            Harness(process.url, "none").core()
        assert "s3cr3t" not in str(caught.value)
    finally:
        process.kill()


def test_the_minimal_rights_of_a_server_user(own: RedisProcess) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/state.md").read_text("utf-8")
    [rule] = [line for line in page.splitlines() if line.startswith("ACL SETUSER")]
    own.server().call(*rule.split())
    user, password = rule.split()[2], rule.split(">")[1].split()[0]
    url = own.url.replace("unix://", f"unix://{user}:{password}@")
    harness = Harness(url, "2/minute")
    one, other = harness.core(), harness.core()
    assert [_ask(one, 1), _ask(other, 1), _ask(other, 2), _ask(one, 3)] == ["api", "cache", "api", "rate_limited"]
    stats = one.context.cache.stats()
    assert (stats["entries"], stats["place"]) == (2, own.url)
    assert len(one.context.cache.keys(9)) == 2
    assert one.context.cache.clear() == 2
    address = redis_address(url)
    assert address is not None
    server = RedisServer(address, SystemClock())
    queue, leases = RedisPending(server, "3"), RedisLeases(server)
    assert queue.clear() == 1, "the one that found no quota"
    queued = [queue.put_many({key: 1}, 1) for key in ("ip:1.1.1.1", "ip:1.1.1.1", "ip:2.2.2.2")]
    assert queued == [{"ip:1.1.1.1"}, {"ip:1.1.1.1"}, set()]
    [entry] = queue.oldest(9)
    queue.remove(entry)
    assert (queue.stats()["entries"], queue.clear()) == (0, 0)
    leases.claim("a", Lease("token"))
    leases.waiting("a", "token", True)
    leases.renew(["token"])
    leases.release("a", "token", Result())
    assert RedisAnswers(server, lambda entry: 60.0).get_many(["a"]) == {}
    own.server().call("PEXPIRE", *next(own.server().keys(LEDGERS)), 3_600_000)
    assert server.examine().ending == 1
    assert _ask(harness.core(), 4) == "rate_limited"
    assert server.examine().ending == 0


def test_it_is_imported_when_it_is_set_and_not_before(redis_process: RedisProcess) -> None:
    script = """
import sys
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
core = build(Settings(state=sys.argv[1]), lambda: ApiKey("k" * 64), SystemClock())
core.answer({"action": "lookup_ip", "params": {"ip": "8.8.8.8"}, "options": {"cache": "only"}})
print(sorted(name for name in sys.modules if name == "redis" or name.startswith("vt_connectors.backends.redis.")))
"""
    for state, imported in (("memory", False), (redis_process.url, True)):
        done = subprocess.run([sys.executable, "-c", script, state], capture_output=True, text=True, check=True)
        assert ("'redis'" in done.stdout) is imported, done.stdout
