"""The packaged app trusts no server without a certificate; AppInspect cannot check that for `requests`."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.scripted_server import ScriptedServer
from tests.virustotal.house import FOUND

from .alerting import Alert, events
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup

KEY_OF_ADMIN = "list_storage_passwords"


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(ca: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(params=["127.0.0.1", "www.virustotal.com"])
def secure(request: pytest.FixtureRequest, ca: trustme.CA) -> Iterator[tuple[ScriptedServer, str]]:
    """A server with a certificate of our CA for its own name or for another's, and that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(request.param).configure_cert(context)
    with ScriptedServer(context) as running:
        running.script(FOUND)
        yield running, request.param


def ask(way: str, keyless: Lookup, splunkd: FakeSplunkd) -> str:
    """The one row's status and error, by one of the ways that go to VirusTotal."""
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    if way == "alert":
        splunkd.settings = {**splunkd.settings, "verdict_indexes": "main"}
        ran = Alert("vt_alert_lookup", keyless, splunkd)([{"md5": EICAR_MD5}], fields="md5")
        [found], [code], [reported] = events(splunkd), ran.logged["errors"], ran.said
        return f"{found['vt_status']} {code}: {reported}"
    if way == "report":
        [found] = keyless.command("vtreport")([], f"value={EICAR_MD5}", **there).records
    else:
        [found] = keyless([[{"x": EICAR_MD5}]], "hash=x", **there).records
    return f"{found['vt_status']} {found.get('vt_error', '')}".strip()


@pytest.mark.parametrize("sees_the_key", [True, False], ids=["itself", "by the endpoint"])
@pytest.mark.parametrize("way", ["search", "report", "alert"])
def test_no_request_is_sent_to_a_server_with_an_unknown_certificate(
    way: str, sees_the_key: bool, keyless: Lookup, splunkd: FakeSplunkd, secure: tuple[ScriptedServer, str]
) -> None:
    server, _ = secure
    splunkd.settings = {**splunkd.settings, "api_url": server.url}
    splunkd.users[SESSION] |= {KEY_OF_ADMIN} if sees_the_key else frozenset()
    answer = ask(way, keyless, splunkd)
    assert answer.startswith("error unavailable: ")
    assert "certificate" in answer
    assert server.received == []


@pytest.mark.parametrize("sees_the_key", [True, False], ids=["itself", "by the endpoint"])
def test_a_known_ca_is_believed_for_the_name_it_vouches_for_and_no_other(
    sees_the_key: bool, bundle: str, keyless: Lookup, splunkd: FakeSplunkd, secure: tuple[ScriptedServer, str]
) -> None:
    server, name = secure
    splunkd.settings = {**splunkd.settings, "api_url": server.url, "ca_bundle": bundle}
    splunkd.users[SESSION] |= {KEY_OF_ADMIN} if sees_the_key else frozenset()
    answer = ask("search", keyless, splunkd)
    assert len(server.received) == (name == "127.0.0.1")
    assert (answer == "ok") == (name == "127.0.0.1")
    assert answer == "ok" or "certificate" in answer


def test_only_splunkd_itself_is_spoken_to_without_a_look_at_its_certificate(app: Path) -> None:
    """It is on this machine, with a certificate of its own making."""
    ours = [*app.glob("bin/**/*.py"), *app.glob("lib/vt_connectors/**/*.py")]
    assert len(ours) > 100
    careless = re.compile(
        r"verify\s*=\s*(?:False|None|0)\b|CERT_NONE|check_hostname\s*=\s*False|_create_unverified|disable_warnings"
    )
    found = {path.name: len(careless.findall(path.read_text("utf-8"))) for path in ours}
    assert {name: count for name, count in found.items() if count} == {"splunkd.py": 1}
