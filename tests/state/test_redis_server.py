"""Errors of the server: each is a quick `StateUnavailable` with its reason and without the password."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
import trustme

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from vt_connectors.backends.redis.server import PREFIX, RedisServer
from vt_connectors.backends.redis_url import redis_address
from vt_connectors.clock import SystemClock
from vt_connectors.errors import ConfigError
from vt_connectors.state.fallback import StateUnavailable

SECRET = "s3cr3t-pass"
MakeProcess = Callable[..., RedisProcess]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[MakeProcess]:
    """Starts servers for this test."""
    started: list[RedisProcess] = []

    def make(*options: str, user: str = "", tcp: bool = False) -> RedisProcess:
        started.append(RedisProcess(tmp_path / str(len(started)), *options, user=user, tcp=tcp).start())
        return started[-1]

    yield make
    for each in started:
        each.kill()


def _server(text: str) -> RedisServer:
    address = redis_address(text)
    assert address is not None
    return RedisServer(address, SystemClock())


def test_a_refusing_server_is_unavailable_at_once() -> None:
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(StateUnavailable, match=r"redis://127\.0\.0\.1:9/0 cannot be used .*refused"):
            _server("redis://127.0.0.1:9").call("PING")
    # With a wait, each would take two seconds.
    assert time.monotonic() - began < 5


def test_a_silent_server_is_waited_for_briefly_and_then_skipped_for_a_while() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = _server(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(StateUnavailable, match="imeout"):
            server.call("PING")
        first = time.monotonic() - began
        with pytest.raises(StateUnavailable, match="imeout"):
            server.call("PING")
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert 1 < first < 30


def test_a_server_that_is_not_redis_is_reported() -> None:
    from vt_connectors.sandbox import Quota, SandboxServer

    with SandboxServer(Quota.unlimited()) as http, pytest.raises(StateUnavailable, match="cannot be used"):
        _server(f"redis://127.0.0.1:{http.url.rpartition(':')[2]}").call("PING")


def test_a_server_that_returns_is_used_again(process: MakeProcess) -> None:
    own, clock = process(), FakeClock()
    server = own.server(clock)
    assert server.call("PING")
    own.kill()
    with pytest.raises(StateUnavailable):
        server.call("PING")
    own.start()
    clock.advance(31)
    assert server.call("PING")


@pytest.mark.parametrize(("user", "right"), [(f":{SECRET}", True), (":wrong", False), ("", False), ("nobody:x", False)])
def test_a_wrong_password_is_a_configuration_error(process: MakeProcess, user: str, right: bool) -> None:
    server = process("--requirepass", SECRET, user=user).server()
    if right:
        server.greet()
        assert server.call("PING")
        return
    with pytest.raises(ConfigError, match="refuses the user or the password") as caught:
        server.greet()
    assert SECRET not in caught.value.message


def test_an_unneeded_password_is_reported_too(process: MakeProcess) -> None:
    with pytest.raises(ConfigError, match="refuses the user or the password") as caught:
        process(user=f":{SECRET}").server().greet()
    assert SECRET not in caught.value.message


def test_greeting_an_unreachable_server_is_not_an_error() -> None:
    _server("redis://127.0.0.1:9").greet()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (("REPLICAOF", "127.0.0.1", "9"), "read only"),
        (("CONFIG", "SET", "maxmemory", "1"), "maxmemory"),
        (("ACL", "SETUSER", "default", "-set"), "permission"),
    ],
)
def test_a_read_only_server_is_unavailable_and_doctor_says_why(
    process: MakeProcess, trouble: tuple[str, ...], said: str
) -> None:
    server = process().server()
    server.call(*trouble)
    for use in (lambda: server.call("SET", PREFIX + "a", "b"), server.examine):
        with pytest.raises(StateUnavailable, match=said):
            use()


def test_a_server_is_described(process: MakeProcess) -> None:
    server = process("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru", "--appendonly", "yes").server()
    found = server.examine()
    assert found.version.split()[0] in ("Redis", "Valkey")
    assert 0 <= found.latency_s < 1
    assert abs(found.ahead_s) < 1
    assert (found.most_bytes, found.policy, found.keeps_a_log) == (50 * 1024 * 1024, "allkeys-lru", True)


def test_the_clocks_difference_is_known_unless_it_is_small(redis_process: RedisProcess) -> None:
    now = SystemClock().now()
    assert redis_process.server(FakeClock(now - 100)).skew() == pytest.approx(100, abs=2)
    assert redis_process.server(FakeClock(now)).skew() == 0
    clock = FakeClock(now)
    server = redis_process.server(clock)
    assert server.skew() == 0
    clock.step(50)
    assert server.skew() == 0, "it holds for a minute"
    clock.advance(61)
    assert server.skew() == pytest.approx(-111, abs=3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_has_a_separate_connection(redis_server: RedisServer) -> None:
    redis_server.call("SET", "a", "parent")
    child = os.fork()
    if child == 0:
        redis_server.call("SET", "b", "child")
        os._exit(0 if redis_server.call("GET", "a") == b"parent" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert redis_server.call("GET", "b") == b"child"


def test_a_closed_server_is_opened_again(redis_server: RedisServer) -> None:
    redis_server.call("PING")
    redis_server.close()
    assert redis_server.call("PING")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=r"pip install 'redis>=5\.0\.2,<9'"):
        _server("redis://host")


def test_the_password_is_in_no_log_repr_or_error(process: MakeProcess, caplog: pytest.LogCaptureFixture) -> None:
    own = process("--requirepass", SECRET, user=f":{SECRET}")
    with caplog.at_level(logging.DEBUG):
        server = own.server()
        server.call("PING")
        own.kill()
        with pytest.raises(StateUnavailable) as caught:
            server.call("PING")
    causes = [caught.value, caught.value.__cause__, caught.value.__cause__ and caught.value.__cause__.__context__]
    assert SECRET not in repr(server) + str(causes) + caplog.text


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    authority = trustme.CA()
    for name, host in (("server", "localhost"), ("elsewhere", "elsewhere.example")):
        issued = authority.issue_cert(host)
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path


def _tls(process: MakeProcess, folder: Path, name: str) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    files = ("--tls-cert-file", str(folder / f"{name}.pem"), "--tls-key-file", str(folder / f"{name}.key"))
    process(*files, "--tls-ca-cert-file", str(folder / "ca.pem"), "--tls-auth-clients", "no", "--tls-port", str(port))
    return port


def test_tls_is_spoken_and_its_certificate_is_checked(process: MakeProcess, certificates: Path) -> None:
    port, known = _tls(process, certificates, "server"), f"ssl_ca_certs={certificates / 'ca.pem'}"
    assert _server(f"rediss://localhost:{port}/0?{known}").call("PING")
    with pytest.raises(StateUnavailable, match=r"(?i)certificate"):
        _server(f"rediss://localhost:{port}/0").call("PING")
    port = _tls(process, certificates, "elsewhere")
    with pytest.raises(StateUnavailable, match=r"(?i)certificate"):
        _server(f"rediss://localhost:{port}/0?{known}").call("PING")
