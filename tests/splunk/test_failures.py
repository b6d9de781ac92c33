"""If VirusTotal cannot be used, the search finishes, its rows say so, and one message says what to do."""

from __future__ import annotations

import io
import json
import time

import pytest

from package.splunkd_driver.driver import Chunk, SearchInfo
from package.splunkd_driver.wire import encode_frame, read_frame
from vt_connectors.sandbox import Quota, SandboxServer

from .searching import EICAR_MD5, Lookup, md5, only_message, statuses

CHUNKS: list[Chunk] = [[{"x": md5(number)} for number in range(start, start + 25)] for start in (0, 25)]


def test_out_of_quota_leaves_rows_pending_and_says_how_many(everywhere: Lookup, sandbox: SandboxServer) -> None:
    result = everywhere.set(VT_QUOTA="4/minute")(CHUNKS, "hash=x", "wait=0")
    assert only_message(result) == (
        "vtlookup: 46 of 50 hashes are pending, 46 of them queued: the key allows 4 requests a minute; "
        "run again, or raise wait="
    )
    assert statuses(result).count("pending") == 46
    pending = [record for record in result.records if record["vt_status"] == "pending"]
    assert all(str(record["vt_error"]).startswith("rate_limited: ") for record in pending)
    assert len(sandbox.all_requests) == 4


@pytest.mark.parametrize(
    ("quota", "reported"),
    [
        ("3/20s", "the key allows 3 requests in 20s; run again, or raise wait="),
        ("3/day", "the key allows 3 requests a day; run again tomorrow (UTC)"),
        ("3/month", "the key allows 3 requests a month; run again next month (UTC)"),
    ],
)
def test_the_message_names_the_window_that_is_full(lookup: Lookup, quota: str, reported: str) -> None:
    result = lookup.set(VT_QUOTA=quota)(CHUNKS, "hash=x", "wait=0")
    assert only_message(result) == f"vtlookup: 47 of 50 hashes are pending, 47 of them queued: {reported}"


def test_running_again_goes_on_where_the_quota_ended(lookup: Lookup, sandbox: SandboxServer) -> None:
    limited = lookup.set(VT_QUOTA="10/2s")
    limited(CHUNKS, "hash=x", "wait=0")
    time.sleep(2.1)
    result = limited(CHUNKS, "hash=x", "wait=0")
    assert statuses(result).count("pending") == 30
    assert len(sandbox.requests) == 20


def test_wait_is_a_budget_for_the_whole_search(lookup: Lookup, sandbox: SandboxServer) -> None:
    chunks: list[Chunk] = [[{"x": md5(10 * chunk + number)} for number in range(4)] for chunk in range(6)]
    began = time.monotonic()
    result = lookup.set(VT_QUOTA="2/1s")(chunks, "hash=x", "wait=2.5")
    # A budget for each chunk would be 15 seconds, and all requests.
    assert time.monotonic() - began < 12
    # Two at once, and two in each of the two seconds that the budget has; fewer if the machine is busy.
    assert len(sandbox.requests) in range(3, 9)
    assert statuses(result).count("pending") == 24 - len(sandbox.requests)
    assert "are pending" in only_message(result)


def test_virustotals_refusal_is_reported_and_not_retried(lookup: Lookup) -> None:
    with SandboxServer(Quota(windows=((3, 60.0),))) as strict:
        result = lookup.set(VT_API_URL=strict.url)(CHUNKS, "hash=x", "wait=0")
        assert len(strict.requests) == 3
        assert strict.refused <= 8
    assert statuses(result).count("pending") == 47
    assert "VirusTotal says that the key is out of quota; run again" in only_message(result)


@pytest.mark.parametrize(("key", "code"), [("wrong-key", "access_denied"), ("forbidden-key", "forbidden")])
def test_a_refused_key_ends_the_asking_after_one_request(
    everywhere: Lookup, sandbox: SandboxServer, key: str, code: str
) -> None:
    result = everywhere.set(VT_API_KEY=key)(CHUNKS, "hash=x")
    assert len(sandbox.all_requests) == 1
    assert statuses(result) == ["error"] * 50
    assert all(str(record["vt_error"]).startswith(code) for record in result.records)
    assert only_message(result).startswith("vtlookup: 50 of 50 hashes were not looked up: ")
    assert key not in repr(result)


def test_a_refused_key_still_gets_what_the_cache_has(lookup: Lookup) -> None:
    lookup([[{"x": md5(1)}]], "hash=x")
    result = lookup.set(VT_API_KEY="wrong-key")(CHUNKS, "hash=x")
    assert statuses(result).count("error") == 49
    assert result.records[1]["vt_source"] == "cache"


def test_no_network_is_reported_once_and_not_tried_for_every_value(lookup: Lookup) -> None:
    began = time.monotonic()
    result = lookup.set(VT_API_URL="http://127.0.0.1:9")(CHUNKS, "hash=x")
    # A second or two for each of fifty values would be more.
    assert time.monotonic() - began < 40
    assert statuses(result) == ["error"] * 50
    assert "50 of 50 hashes were not looked up: VirusTotal could not be reached" in only_message(result)


@pytest.mark.parametrize(
    ("variable", "value", "reported"),
    [
        ("VT_QUOTA", "many", "VT_QUOTA"),
        ("VT_API_URL", "http://www.example.com", "VT_API_URL"),
        ("VT_NEVER_QUERY", "not a/network", "VT_NEVER_QUERY"),
        ("VT_QUOTA", '{0} {x} {{ "quotes"\na line', '{0} {x} {{ "quotes"'),
        ("VT_API_KEY", "", "no API key"),
        ("VT_API_KEY_FILE", "/no/such/file", "both set"),
        ("VT_CONFIG", "/no/such/file", "VT_CONFIG"),
    ],
)
def test_a_wrong_setting_is_reported_once(
    lookup: Lookup, sandbox: SandboxServer, variable: str, value: str, reported: str
) -> None:
    result = lookup.set(**{variable: value})(CHUNKS, "hash=x")
    assert statuses(result) == ["error"] * 50
    assert reported in only_message(result)
    assert sandbox.all_requests == []


def test_a_configuration_file_gives_settings_and_key(lookup: Lookup, sandbox: SandboxServer) -> None:
    key = lookup.home / "key"
    key.write_text("file-key\n")
    config = lookup.home / "config.json"
    config.write_text(json.dumps({"api_key_file": str(key), "api_url": sandbox.url, "quota": "2/minute"}))
    from_file = lookup.set(VT_CONFIG=str(config), VT_API_KEY="", VT_API_URL="", VT_QUOTA="")
    result = from_file(CHUNKS, "hash=x", "wait=0")
    assert "48 of 50 hashes are pending" in only_message(result)


def test_invalid_values_do_not_keep_the_others_from_their_answers(lookup: Lookup) -> None:
    values = ["../users/me", "a" * 31, EICAR_MD5, "$;{}%s", EICAR_MD5.upper()]
    result = lookup([[{"x": value} for value in values]], "hash=x")
    assert statuses(result) == ["error", "error", "ok", "error", "ok"]
    assert "3 of 5 hashes are not valid, the first: '../users/me' is not" in only_message(result)


def _frame(metadata: bytes, declared: int | None = None) -> bytes:
    return b"chunked 1.0,%d,0\n%s" % (len(metadata) if declared is None else declared, metadata)


@pytest.mark.parametrize(
    ("frame", "reported"),
    [
        (b"hello\n", "a chunk should begin here, not b'hello\\n'"),
        (b"x" * 5000, "a chunk should begin here"),
        (_frame(b"{nope"), "a chunk's metadata should be a JSON object"),
        (_frame(b"[1]"), "a chunk's metadata should be a JSON object"),
        (_frame(b""), "a chunk's metadata should be a JSON object"),
        (_frame(b"[" * 100_000), "a chunk's metadata should be a JSON object"),
        (_frame(b"{}", 10**30), "a chunk's metadata should have"),
        (_frame(b'{"action": "getinfo"}'), "expected to execute, not 'getinfo'"),
        (_frame(b"{}"), "expected to execute, not 'None'"),
    ],
)
def test_a_chunk_that_is_none_ends_the_search_with_a_message(everywhere: Lookup, frame: bytes, reported: str) -> None:
    getinfo = encode_frame(SearchInfo(["hash=x"], dispatch_dir=str(everywhere.home)).as_metadata())
    done = everywhere.run(getinfo + frame)
    assert (done.returncode, done.stderr) == (1, b"")
    out = io.BytesIO(done.stdout)
    assert read_frame(out) is not None
    reply = read_frame(out)
    assert reply is not None
    assert (reply.finished, out.read()) == (True, b"")
    ((level, text),) = reply.messages
    assert level == "ERROR"
    assert reported in text
    assert len(text) < 300
