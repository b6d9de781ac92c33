"""The key and the settings come from splunkd, by the session of the search."""

from __future__ import annotations

import pytest

from package.splunkd_driver.driver import Chunk, SearchResult
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .fake_splunkd import SESSION, FakeSplunkd
from .searching import Lookup, md5, normal, only_message, statuses

KEY = "the-key-that-splunkd-keeps"
CHUNKS: list[Chunk] = [[{"x": md5(number)} for number in range(start, start + 10)] for start in (0, 10)]
UNLIMITED = {"quota": "none"}


@pytest.fixture
def keyless(lookup: Lookup) -> Lookup:
    """The command without a key in its environment."""
    return lookup.set(VT_API_KEY="", VT_QUOTA="")


def search(command: Lookup, splunkd: FakeSplunkd, session: str = SESSION, chunks: list[Chunk] = CHUNKS) -> SearchResult:
    result = command(chunks, "hash=x", "wait=0", session_key=session, splunkd_uri=splunkd.url)
    assert KEY not in repr(result)
    assert SESSION not in repr(result)
    return result


def test_key_and_settings_are_splunkds(everywhere: Lookup, sandbox: SandboxServer) -> None:
    keyless = everywhere.set(VT_API_KEY="", VT_QUOTA="", VT_API_URL="")
    with FakeSplunkd(
        KEY, {**UNLIMITED, "api_url": sandbox.url, "never_query": "example.com", "timeout": ""}
    ) as splunkd:
        normal(search(keyless, splunkd))
        asked = splunkd.asked[:]
        result = keyless([[{"x": "www.example.com"}]], "domain=x", session_key=SESSION, splunkd_uri=splunkd.url)
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert statuses(result) == ["skipped"]
    assert len(sandbox.requests) == 20
    # Once a search, not once a value or once a chunk.
    assert asked.count("storage/passwords/vtlookup:api_key:") == 1
    assert len(asked) <= 3


def test_the_quota_of_the_settings_is_kept(keyless: Lookup, sandbox: SandboxServer) -> None:
    with FakeSplunkd(KEY, {"quota": "3/minute"}) as splunkd:
        result = search(keyless, splunkd)
    assert "17 of 20 hashes are pending, 17 of them queued: the key allows 3 requests a minute" in only_message(result)
    assert len(sandbox.all_requests) == 3


def test_the_environment_wins(lookup: Lookup, sandbox: SandboxServer) -> None:
    with FakeSplunkd(KEY, {"quota": "3/minute", "api_url": "https://nowhere.invalid"}) as splunkd:
        normal(search(lookup, splunkd))
        assert "storage/passwords/vtlookup:api_key:" not in splunkd.asked
    assert {request.key for request in sandbox.requests} == {key_digest("test-key")}


def test_a_configuration_file_without_a_key_leaves_it_to_splunkd(keyless: Lookup, sandbox: SandboxServer) -> None:
    config = keyless.home / "config.json"
    config.write_text('{"quota": "none"}')
    with FakeSplunkd(KEY) as splunkd:
        normal(search(keyless.set(VT_CONFIG=str(config)), splunkd))
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}


@pytest.mark.parametrize(
    ("password", "failing", "reported"),
    [
        (None, {}, "no API key is stored"),
        ("  ", {}, "the API key is empty"),
        (KEY, {"storage/passwords": 403}, "list_storage_passwords"),
        (KEY, {"storage/passwords": 401}, "splunkd does not accept this search's session"),
        (KEY, {"storage/passwords": 500}, "splunkd did not give the API key (HTTP 500)"),
        (KEY, {"conf-vtlookup": 403}, "you may not read the settings of the app"),
        (KEY, {"properties": 404}, "vtlookup.conf has no [settings]"),
        (KEY, {"configs": 404}, "vtlookup.conf has no [settings]"),
    ],
)
def test_missing_data_of_splunkd_is_requested_and_reported_once(
    keyless: Lookup, sandbox: SandboxServer, password: str | None, failing: dict[str, int], reported: str
) -> None:
    with FakeSplunkd(password, UNLIMITED, failing) as splunkd:
        result = search(keyless, splunkd)
        assert len(splunkd.asked) <= 4
    assert reported in only_message(result)
    assert statuses(result) == ["error"] * 20
    assert sandbox.all_requests == []


def test_a_session_that_has_ended_is_reported(keyless: Lookup) -> None:
    with FakeSplunkd(KEY, UNLIMITED) as splunkd:
        result = search(keyless, splunkd, session="another-session")
    assert "splunkd does not accept this search's session" in only_message(result)
    assert statuses(result) == ["error"] * 20


def test_a_splunkd_that_is_not_there_or_not_splunkd_is_reported(keyless: Lookup) -> None:
    with FakeSplunkd(KEY, garbled=True) as splunkd:
        assert "was not understood" in only_message(search(keyless, splunkd))
    assert "splunkd could not be reached for the settings of the app" in only_message(search(keyless, splunkd))


def test_a_key_that_virustotal_refuses_is_in_no_output(keyless: Lookup, sandbox: SandboxServer) -> None:
    wrong = "wrong-key-in-splunk"
    with FakeSplunkd(wrong, UNLIMITED) as splunkd:
        result = search(keyless, splunkd)
    assert "storage/passwords, realm vtlookup, name api_key" in only_message(result)
    assert wrong not in repr(result)
    assert len(sandbox.all_requests) == 1
