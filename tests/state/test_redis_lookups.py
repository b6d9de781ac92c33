"""Whatever happens to the server, lookups are answered: through the real composition, with VirusTotal played."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from connectors.api_key import ApiKey
from connectors.composition import build
from connectors.core import Core
from connectors.errors import ConfigError
from connectors.quota import parse_quota
from connectors.settings import Settings
from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from tests.state.test_lookups_go_on import PlayedVirusTotal
from tests.vtaction_process import lookup

KEY = "key-of-the-house-" + "k" * 40
Spoil = Callable[[RedisProcess], None]


class House:
    """Processes of several machines, each with a clock of its own, and one server."""

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
    house = House(redis_process.url, "2/minute")
    one, other = house.core(FakeClock(2e9)), house.core(FakeClock(1e9))
    assert [_ask(one, 1), _ask(other, 1), _ask(other, 2)] == ["api", "cache", "api"]
    assert [_ask(one, 3), _ask(other, 4)] == ["rate_limited"] * 2
    assert len(house.virustotal.asked) == 2


def test_nothing_in_it_tells_the_key(redis_process: RedisProcess) -> None:
    house = House(redis_process.url, "4/minute")
    _ask(house.core(), 1)
    server = redis_process.server()
    names = [name for batch in server.keys("") for name in batch]
    assert {name.split(b":")[2] for name in names} == {b"answer", b"ledger"}
    assert all(name.startswith(b"vt-connectors:1:") for name in names)
    dumped = [server.call("GET" if b":answer:" in name else "HGETALL", name) for name in names]
    assert KEY not in repr(names) + repr(dumped)
    assert all(server.call("TTL", name) > 0 for name in names), "all ends by itself"


def _gone(process: RedisProcess) -> None:
    process.kill()


def _read_only(process: RedisProcess) -> None:
    process.server().call("REPLICAOF", "127.0.0.1", "9")


def _other_password(process: RedisProcess) -> None:
    server = process.server()
    server.call("CONFIG", "SET", "requirepass", "changed-meanwhile")
    server.call("CLIENT", "KILL", "TYPE", "normal")


@pytest.mark.parametrize("spoil", [_gone, _read_only, _other_password])
def test_when_it_can_no_longer_be_used_lookups_go_on_within_a_quarter(
    own: RedisProcess, caplog: pytest.LogCaptureFixture, spoil: Spoil
) -> None:
    core = House(own.url, "8/minute").core()
    assert _ask(core, 1) == "api"
    spoil(own)
    assert [_ask(core, number) for number in (2, 3, 4, 5, 2)] == ["api", "api", "rate_limited", "rate_limited", "cache"]
    told = [record.getMessage() for record in caplog.records]
    assert any("takes a quarter" in message for message in told)
    assert any("without the shared cache" in message for message in told)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert len(told) <= 4, told


def test_when_it_is_full_the_quota_is_counted_all_the_same(own: RedisProcess, caplog: pytest.LogCaptureFixture) -> None:
    own.server().call("CONFIG", "SET", "maxmemory", "1")
    house = House(own.url, "8/minute")
    cores = [house.core() for _ in range(5)]
    outcomes = [_ask(core, number) for number in range(2) for core in cores]
    assert outcomes == ["api"] * 8 + ["rate_limited"] * 2
    assert "without the shared cache" in caplog.text
    assert "takes a quarter" not in caplog.text


def test_when_it_is_back_it_is_used_again(own: RedisProcess) -> None:
    house, clock = House(own.url, "100/minute"), FakeClock()
    core = house.core(clock)
    own.kill()
    assert _ask(core, 1) == "api"
    own.start()
    clock.advance(31)
    assert _ask(core, 2) == "api"
    assert _ask(house.core(), 2) == "cache", "others see it"


def test_one_that_is_not_there_at_the_start_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    core = House("redis://127.0.0.1:9", "8/minute").core()
    assert [_ask(core, number) for number in (1, 2, 3)] == ["api", "api", "rate_limited"]
    assert "refused" in caplog.text


def test_a_wrong_password_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    process = RedisProcess(tmp_path, "--requirepass", "right", user=":s3cr3t").start()
    try:
        with pytest.raises(ConfigError, match="refuses the user or the password") as told:
            House(process.url, "none").core()
        assert "s3cr3t" not in str(told.value)
    finally:
        process.kill()


def test_the_least_that_a_user_of_the_server_must_be_allowed(own: RedisProcess) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/state.md").read_text("utf-8")
    [rule] = [line for line in page.splitlines() if line.startswith("ACL SETUSER")]
    own.server().call(*rule.split())
    user, password = rule.split()[2], rule.split(">")[1].split()[0]
    house = House(own.url.replace("unix://", f"unix://{user}:{password}@"), "2/minute")
    one, other = house.core(), house.core()
    assert [_ask(one, 1), _ask(other, 1), _ask(other, 2), _ask(one, 3)] == ["api", "cache", "api", "rate_limited"]
    stats = one.context.cache.stats()
    assert (stats["entries"], stats["place"]) == (2, own.url)
    assert len(one.context.cache.keys(9)) == 2
    assert one.context.cache.clear() == 2


def test_it_is_imported_when_it_is_set_and_not_before(redis_process: RedisProcess) -> None:
    script = """
import sys
from connectors.api_key import ApiKey
from connectors.clock import SystemClock
from connectors.composition import build
from connectors.settings import Settings
core = build(Settings(state=sys.argv[1]), lambda: ApiKey("k" * 64), SystemClock())
core.answer({"action": "lookup_ip", "params": {"ip": "8.8.8.8"}, "options": {"cache": "only"}})
print(sorted(name for name in sys.modules if name == "redis" or "redis_" in name and name.startswith("connectors")))
"""
    for state, imported in (("memory", False), (redis_process.url, True)):
        done = subprocess.run([sys.executable, "-c", script, state], capture_output=True, text=True, check=True)
        assert ("'redis'" in done.stdout) is imported, done.stdout
