"""`| vtreport` shows one indicator, without events."""

from __future__ import annotations

import json

import pytest

from package.splunkd_driver.driver import Record
from vt_connectors.sandbox import SandboxServer

from .searching import CLEAN_IP, EICAR_MD5, FIELDS, Lookup, added, md5, normal, only_message

URL = 'http://new.example/a?b=c&d="e"'


@pytest.fixture
def report(lookup: Lookup) -> Lookup:
    return lookup.command("vtreport")


def only_row(command: Lookup, *args: str) -> Record:
    (row,) = normal(command([], *args)).records
    return row


def test_a_report_is_a_table_of_one_row(lookup: Lookup, python: str) -> None:
    result = normal(lookup.on(python).command("vtreport")([], f"value={EICAR_MD5}"))
    assert result.getinfo is not None
    assert result.getinfo.metadata == {"generating": True, "type": "reporting"}
    (row,) = result.records
    assert list(row) == ["indicator", *(f"vt_{name}" for name in FIELDS)]
    assert (row["indicator"], row["vt_status"], row["vt_verdict"]) == (EICAR_MD5, "ok", "malicious")
    assert row["vt_names"] == ["eicar.com", "eicar.com.txt", "test_file.com"]


def test_it_says_what_vtlookup_says(lookup: Lookup, report: Lookup) -> None:
    reported = added(only_row(report, f"value={EICAR_MD5}"))
    (looked_up,) = normal(lookup([[{"x": EICAR_MD5}]], "hash=x")).records
    changing = ("source", "age")
    assert set(reported) == set(FIELDS)
    assert [name for name, value in added(looked_up).items() if reported[name] != value and name not in changing] == []


@pytest.mark.parametrize(
    ("value", "kind"), [(EICAR_MD5, "hash"), (URL, "url"), ("evil.new.example", "domain"), (CLEAN_IP, "ip")]
)
def test_the_type_is_recognised_and_may_be_given(report: Lookup, value: str, kind: str) -> None:
    recognised = only_row(report, f"value={value}")
    assert (recognised["indicator"], recognised["vt_type"]) == (value, kind)
    given = only_row(report, f"value={value}", f"type={kind.upper()}")
    assert (given["vt_type"], given["vt_source"]) == (kind, "cache")


def test_what_is_unknown_is_a_row_that_says_so(report: Lookup) -> None:
    row = only_row(report, f"value={'0' * 32}", "prefix=x_")
    assert (row["x_status"], row["x_verdict"], row["x_error"]) == ("not_found", "unknown", "")


@pytest.mark.parametrize("value", ["{} {0}", 'a"b\nc', "$x$", "not an indicator"])
def test_an_invalid_indicator_is_reported_with_any_characters(report: Lookup, value: str) -> None:
    result = report([], f"value={value}")
    assert "are not valid, the first:" in only_message(result)
    (row,) = result.records
    assert (row["indicator"], row["vt_status"]) == (value, "error")
    assert str(row["vt_error"]).startswith("invalid_indicator: ")


def test_refresh_sends_a_new_request(report: Lookup, sandbox: SandboxServer) -> None:
    rows = [only_row(report, f"value={EICAR_MD5}", refresh) for refresh in ("refresh=0", "refresh=0", "refresh=true")]
    assert [row["vt_source"] for row in rows] == ["api", "cache", "api"]
    assert len(sandbox.requests) == 2


def test_the_engines_come_one_a_row_and_those_that_object_first(report: Lookup) -> None:
    rows = normal(report([], f"value={EICAR_MD5}", "engines=true")).records
    categories = [row["vt_engine_category"] for row in rows]
    assert categories[:68] == ["malicious"] * 62 + ["undetected"] * 6
    assert not {"malicious", "suspicious", "harmless", "undetected"} & {str(category) for category in categories[68:]}
    assert [row["vt_engine"] for row in rows[:62]] == sorted(str(row["vt_engine"]) for row in rows[:62])
    assert len({str(row["vt_engine"]) for row in rows}) == 71
    assert all(row["vt_engine_result"] for row in rows[:62])
    assert {row["vt_detections"] for row in rows} == {"62/68"}


@pytest.mark.parametrize("value", ["0" * 32, "nothing"])
def test_without_any_engine_there_is_one_row_anyway(report: Lookup, value: str) -> None:
    (row,) = report([], f"value={value}", "engines=true").records
    assert (row["vt_engine"], row["vt_engine_category"], row["vt_engine_result"]) == ("", "", "")
    assert row["vt_status"] in ("not_found", "error")


def test_raw_is_the_whole_answer(report: Lookup) -> None:
    row = only_row(report, f"value={CLEAN_IP}", "raw=true")
    assert json.loads(str(row["vt_raw"]))["id"] == CLEAN_IP


def test_out_of_quota_the_row_is_pending(report: Lookup, sandbox: SandboxServer) -> None:
    limited = report.set(VT_QUOTA="1/day")
    only_row(limited, f"value={md5(1)}")
    result = limited([], f"value={md5(2)}", "wait=0", "type=hash")
    assert "1 of 1 hashes are pending, 1 of them queued: the key allows 1 requests a day" in only_message(result)
    assert result.records[0]["vt_status"] == "pending"
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ([], "value= must be a hash, URL, domain or address"),
        (["value= "], "value= must be a hash"),
        (["value=a", "type=file"], "type='file': one of hash, url, domain, ip"),
        (["value=a", "engines=maybe"], "engines='maybe': true or false"),
        (["value=a", "refresh={}"], "refresh='{}': true or false"),
        (["value=a", "prefix=_"], "prefix='_'"),
        (["value=a", "max_age=soon"], "max_age='soon'"),
        (["value=a", "wait=-1"], "wait='-1'"),
        (["value=a", "raw="], "raw=''"),
        (["8.8.8.8"], "'8.8.8.8' is not an option"),
        (["value=a", "{0}"], "'{0}' is not an option"),
        (["value=a", "record=true"], "record= is not an option of this command"),
        (["value=a", "logging_configuration=/etc/passwd"], "logging_configuration= is not an option of this command"),
        (["value=a", "bogus={x}"], "bogus= is not an option of this command"),
    ],
)
def test_wrong_options_refuse_the_search(
    report: Lookup, sandbox: SandboxServer, args: list[str], complaint: str
) -> None:
    result = report([], *args)
    assert (result.replies, result.exit_code, result.stderr) == ([], 1, "")
    ((level, text),) = result.messages
    assert level == "ERROR"
    assert complaint in text
    assert sandbox.all_requests == []
