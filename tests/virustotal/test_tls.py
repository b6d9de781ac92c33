"""Certificates are always checked; and what a TLS failure means for a sent request."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, Wire

from .house import COMMENT, FOUND, LOOKUP, core_at


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def _context(ca: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def secure(ca: trustme.CA) -> Iterator[ScriptedServer]:
    with ScriptedServer(_context(ca, "127.0.0.1")) as running:
        running.script(FOUND)
        yield running


@pytest.fixture
def bundle(ca: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


def test_a_certificate_of_an_unknown_ca_is_refused(secure: ScriptedServer, clock: FakeClock) -> None:
    response = core_at(secure.url, clock).answer(LOOKUP)
    assert error_of(response)["code"] == "unavailable"
    assert "REQUESTS_CA_BUNDLE" in error_of(response)["message"]
    assert secure.received == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_of_the_users_ca_is_accepted(
    variable: str, secure: ScriptedServer, clock: FakeClock, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, bundle)
    assert core_at(secure.url, clock).answer(LOOKUP)["status"] == "ok"


def test_a_certificate_for_another_name_is_refused(
    ca: trustme.CA, clock: FakeClock, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with ScriptedServer(_context(ca, "www.virustotal.com")) as server:
        server.script(FOUND)
        assert error_of(core_at(server.url, clock).answer(LOOKUP))["code"] == "unavailable"
        assert server.received == []


def test_a_comment_behind_a_refused_certificate_was_not_sent(secure: ScriptedServer, clock: FakeClock) -> None:
    response = core_at(secure.url, clock).answer(COMMENT)
    assert error_of(response)["code"] == "unavailable"
    assert "nothing was sent" in error_of(response)["message"]


def test_a_comment_after_which_tls_breaks_is_outcome_unknown(
    secure: ScriptedServer, clock: FakeClock, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def garbage(wire: Wire) -> None:
        assert isinstance(wire.socket, ssl.SSLSocket)
        with socket.socket(fileno=wire.socket.detach()) as plain:
            plain.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    secure.script(garbage)
    response = core_at(secure.url, clock).answer(COMMENT)
    assert error_of(response)["code"] == "outcome_unknown"
    assert len(secure.received) == 1


def test_a_missing_ca_bundle_is_a_config_error(
    secure: ScriptedServer, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    error = error_of(core_at(secure.url, clock).answer(LOOKUP))
    assert (error["code"], error["retryable"]) == ("config_error", False)
    assert "REQUESTS_CA_BUNDLE" in error["message"]


def test_an_invalid_ca_bundle_is_not_trusted(
    secure: ScriptedServer, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bundle.pem").write_text("these are no certificates")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
    error = error_of(core_at(secure.url, clock).answer(LOOKUP))
    assert (error["code"], error["retryable"]) == ("config_error", False)
    assert "bundle.pem is not a PEM file" in error["message"]
    assert secure.received == []


def test_a_ca_bundle_may_be_named_from_the_home_folder(
    secure: ScriptedServer, bundle: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(Path(bundle).parent))
    for name in ("~", "$HOME"):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", f"{name}/{Path(bundle).name}")
        assert core_at(secure.url, clock).answer(LOOKUP)["status"] == "ok"


def test_a_server_without_tls_is_unavailable(server: ScriptedServer, clock: FakeClock) -> None:
    response = core_at(server.url.replace("http:", "https:"), clock).answer(LOOKUP)
    assert error_of(response)["code"] == "unavailable"


def test_a_comment_to_a_server_without_tls_was_not_sent(server: ScriptedServer, clock: FakeClock) -> None:
    response = core_at(server.url.replace("http:", "https:"), clock).answer(COMMENT)
    assert error_of(response)["code"] == "unavailable"
    assert "nothing was sent" in error_of(response)["message"]
