"""What a search left pending, `| vtdrain` looks up later, and the next search has it at no request."""

from __future__ import annotations

import time

import pytest

from vt_connectors.sandbox import SandboxServer

from .draining import COUNTS, counts, drain, row
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5, normal, only_message, statuses

CHUNK = [{"x": EICAR_MD5}, *({"x": md5(number)} for number in range(11))]


def test_what_a_search_leaves_pending_the_next_has_at_no_request(everywhere: Lookup, sandbox: SandboxServer) -> None:
    limited = everywhere.set(VT_QUOTA="4/3s")
    first = limited([CHUNK], "hash=x", "wait=0")
    assert statuses(first).count("pending") == 8
    left = 8
    while left:
        time.sleep(3.05)  # the quota's window
        before, left = left, counts(drain(limited))["left"]
        # A place may be reserved for the refused search.
        assert left <= max(0, before - 3)
    assert len(sandbox.requests) == 12
    second = limited([CHUNK], "hash=x", "wait=0")
    assert set(statuses(second)) == {"ok", "not_found"}
    assert {record["vt_source"] for record in second.records} == {"cache"}
    assert len(sandbox.all_requests) == 12


def test_the_row_tells_what_became_of_the_queue(lookup: Lookup) -> None:
    lookup.set(VT_QUOTA="1/day")([CHUNK], "hash=x", "wait=0")
    lookup([CHUNK[-1:]], "hash=x")
    result = drain(lookup)
    assert result.messages == []
    assert row(result)["message"] == ""
    known = counts(result)["answered"]
    assert 0 < known < 10, "VirusTotal knows some of them"
    reported = {"asked": 10, "answered": known, "not_found": 10 - known, "failed": 0, "dropped": 1, "left": 0}
    assert counts(result) == reported
    assert counts(drain(lookup)) == dict.fromkeys(COUNTS, 0)


def test_a_search_for_whole_answers_has_them_after_a_drain(lookup: Lookup, sandbox: SandboxServer) -> None:
    lookup.set(VT_QUOTA="1/day")([[{"x": md5(1)}, {"x": EICAR_MD5}]], "hash=x", "wait=0", "raw=true")
    drain(lookup)
    result = normal(lookup([[{"x": EICAR_MD5}]], "hash=x", "raw=true"))
    assert (result.records[0]["vt_source"], result.records[0]["vt_raw"] != "") == ("cache", True)
    assert len(sandbox.requests) == 2


def test_lookups_left_without_quota_are_reported(lookup: Lookup) -> None:
    limited = lookup.set(VT_QUOTA="4/day")
    limited([CHUNK], "hash=x", "wait=0")
    result = drain(limited)
    assert counts(result)["left"] == 8
    assert only_message(result).startswith("vtdrain: what is left of the quota of this day is reserved for others")
    assert only_message(drain(limited, "keep=0")).startswith("vtdrain: the quota of this day is used up")


def test_it_leaves_people_what_keep_says(lookup: Lookup, sandbox: SandboxServer) -> None:
    lookup.set(VT_QUOTA="1/day")([CHUNK], "hash=x", "wait=0")
    assert counts(drain(lookup.set(VT_QUOTA="10/day"), "keep=4"))["asked"] == 5
    assert counts(drain(lookup.set(VT_QUOTA="10/day"), "keep=4"))["asked"] == 0
    assert counts(drain(lookup.set(VT_QUOTA="10/day"), "keep=0"))["asked"] == 4
    assert len(sandbox.requests) == 10


def test_it_waits_for_quota_if_configured(lookup: Lookup) -> None:
    limited = lookup.set(VT_QUOTA="6/2s")
    limited([CHUNK], "hash=x", "wait=0")
    assert (counts(drain(limited))["asked"], counts(drain(limited, "wait=10s"))["asked"]) == (0, 6)


def test_settings_and_key_are_splunkds(lookup: Lookup, sandbox: SandboxServer) -> None:
    settings = {"api_url": sandbox.url, "quota": "1/day", "pending_max": "5"}
    bare = lookup.set(VT_API_KEY="", VT_API_URL="", VT_QUOTA="")
    with FakeSplunkd(password="test-key", settings=settings) as splunkd:
        bare([CHUNK], "hash=x", "wait=0", session_key=SESSION, splunkd_uri=splunkd.url)
        result = drain(bare.set(VT_QUOTA="none"), session_key=SESSION, splunkd_uri=splunkd.url)
        assert counts(result)["asked"] == 5
        assert "storage/passwords/vtlookup:api_key:" in splunkd.asked
    assert len(sandbox.requests) == 6


def test_without_a_key_nothing_is_lost(lookup: Lookup) -> None:
    lookup.set(VT_QUOTA="1/day")([CHUNK], "hash=x", "wait=0")
    with FakeSplunkd(settings={"quota": "none"}) as splunkd:
        there = {"session_key": SESSION, "splunkd_uri": splunkd.url}
        result = drain(lookup.set(VT_API_KEY="", VT_QUOTA=""), **there)
    assert "no API key is stored" in only_message(result)
    assert counts(result)["left"] == 11
    refused = drain(lookup.set(VT_API_KEY="wrong-key"))
    assert "does not accept the API key" in only_message(refused)
    assert (counts(refused)["asked"], counts(refused)["left"]) == (1, 11)


def test_wrong_settings_are_reported_in_the_row_and_the_message(lookup: Lookup) -> None:
    result = drain(lookup.set(VT_QUOTA="{lots}"))
    assert "VT_QUOTA: '{lots}' is not a window" in only_message(result)
    assert str(row(result)["message"]).startswith("VT_QUOTA")


def test_with_no_room_set_nothing_is_queued(lookup: Lookup) -> None:
    off = lookup.set(VT_QUOTA="1/day", VT_PENDING_MAX="0")
    assert "11 of 12 hashes are pending" in only_message(off([CHUNK], "hash=x", "wait=0"))
    assert counts(drain(off)) == dict.fromkeys(COUNTS, 0)


def test_a_full_queue_is_reported_in_the_search_that_filled_it(lookup: Lookup) -> None:
    result = lookup.set(VT_QUOTA="1/day", VT_PENDING_MAX="3")([CHUNK], "hash=x", "wait=0")
    assert "the queue of pending indicators is full (3)" in only_message(result)
    assert counts(drain(lookup))["asked"] == 3


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["keep=some"], "keep='some'"),
        (["keep=-1"], "keep='-1'"),
        (["keep="], "keep=''"),
        (["wait=soon"], "wait='soon'"),
        (["{now}"], "'{now}' is not an option"),
        (["record=true"], "record="),
        (["hash=a"], "hash= is not an option of this command"),
    ],
)
def test_wrong_options_refuse_the_search(
    lookup: Lookup, sandbox: SandboxServer, args: list[str], complaint: str
) -> None:
    result = drain(lookup, *args)
    assert (result.replies, result.exit_code, result.stderr) == ([], 1, "")
    ((level, text),) = result.messages
    assert level == "ERROR"
    assert complaint in text
    assert sandbox.all_requests == []
