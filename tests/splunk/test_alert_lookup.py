"""The alert action vt_alert_lookup: verdicts on the results' indicators, written to an index the admin has named."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.package.conf_reader import read_conf
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest
from vtlookup_app.endpoint.verdict_request import LINKS

from .alerting import SID, Alert, events, results_file
from .endpoint_harness import KEY, PASSWORD, VERDICTS, call, write
from .fake_splunkd import EVERYTHING, INDEXES_EVENTS, SESSION, FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup, md5

UNKNOWN = "0" * 31 + "1"


@pytest.fixture
def alert(keyless: Lookup, splunkd: FakeSplunkd) -> Alert:
    """The action of an alert; its owner may look up, but neither see the key nor write to an index."""
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "threat, main"}
    return Alert("vt_alert_lookup", keyless, splunkd)


def test_each_distinct_indicator_becomes_one_event_with_the_verdict_and_where_it_was_met(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    rows = [
        {"md5": EICAR_MD5, "ip": CLEAN_IP, "host": "pc1"},
        {"md5": EICAR_MD5, "ip": "", "host": "pc2"},
        {"md5": UNKNOWN, "ip": "10.0.0.1", "host": "pc3"},
    ]
    ran = alert(rows, fields="md5, ip")
    assert (ran.status, ran.said) == (0, [])
    eicar, address, unknown, private = events(splunkd)
    about = ("indicator", "field", "results", "search_name", "sid", "vt_status", "vt_verdict")
    assert [eicar[name] for name in about] == [EICAR_MD5, "md5", 2, "Files on endpoints", SID, "ok", "malicious"]
    assert re.fullmatch(r"[1-9]\d*/[1-9]\d*", eicar["vt_detections"])
    assert not any(value in ("", []) for event in events(splunkd) for value in event.values())
    assert (address["field"], address["results"], address["vt_type"]) == ("ip", 1, "ip")
    assert (unknown["vt_status"], private["vt_status"]) == ("not_found", "skipped")
    assert len(sandbox.requests) == 3
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert PASSWORD in splunkd.asked


def test_verdicts_go_to_the_first_index_that_the_admin_named_with_their_own_sourcetype(
    alert: Alert, splunkd: FakeSplunkd
) -> None:
    alert([{"md5": EICAR_MD5}], fields="md5")
    alert([{"md5": EICAR_MD5}], fields="md5", index="main")
    first, second = (where for where, _ in splunkd.indexed)
    assert first == {"index": "threat", "sourcetype": "vtlookup:verdict", "source": "vt_alert_lookup"}
    assert second["index"] == "main"


@pytest.mark.parametrize("index", ["_internal", "secret", "main,threat", "../main", "main&sourcetype=x"])
def test_nothing_is_looked_up_for_or_written_to_an_index_that_the_admin_did_not_name(
    index: str, alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    ran = alert([{"md5": EICAR_MD5}], fields="md5", index=index)
    assert (ran.status, splunkd.indexed, sandbox.all_requests) == (2, [], [])
    assert ran.said == [f"verdicts may go to threat, main, not to {index!r}: ask your admin"]
    status, answer = write(splunkd, {"value": EICAR_MD5}, index=index)
    assert (status, splunkd.indexed) == (403, [])
    assert answer["error"] == ran.said[0]


@pytest.mark.parametrize("shipped", [True, False])
def test_without_an_index_the_action_says_where_to_name_one(shipped: bool, alert: Alert, splunkd: FakeSplunkd) -> None:
    default = read_conf(alert.lookup.app / "default/vtlookup.conf")["settings"]["verdict_indexes"]
    splunkd.settings = {**splunkd.settings, "verdict_indexes": default if shipped else " , "}
    ran = alert([{"md5": EICAR_MD5}], fields="md5")
    assert (ran.status, ran.levels) == (2, ["ERROR"])
    assert "an admin can add one on the setup page" in ran.said[0]


def test_an_owner_who_sees_the_key_needs_no_write_right(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    assert INDEXES_EVENTS not in EVERYTHING
    assert alert([{"md5": EICAR_MD5}], fields="md5").status == 0
    assert len(splunkd.indexed) == 1


def test_an_event_goes_back_to_the_notable_events_it_was_found_in(alert: Alert, splunkd: FakeSplunkd) -> None:
    one = {"md5": EICAR_MD5, "orig_sid": "s1", "orig_rid": "0", "rid": "0"}
    other = {"md5": EICAR_MD5, "orig_sid": "s1", "orig_rid": "1", "rid": ""}
    alert([one, other], fields="md5")
    [event] = events(splunkd)
    assert (event["orig_sid"], event["orig_rid"], event["rid"]) == ("s1", ["0", "1"], "0")


def test_all_values_of_a_multivalued_field_are_looked_up(alert: Alert, splunkd: FakeSplunkd) -> None:
    alert([{"ip": f"{CLEAN_IP}\n1.1.1.1", "__mv_ip": f"${CLEAN_IP}$;$1.1.1.1$"}], fields="ip", type="ip")
    assert [event["indicator"] for event in events(splunkd)] == [CLEAN_IP, "1.1.1.1"]


def test_what_finds_no_quota_is_pending_and_queued_and_no_failure(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "1/day"}
    ran = alert([{"md5": EICAR_MD5}, {"md5": md5(1)}, {"md5": md5(2)}], fields="md5", wait="0")
    # Threads ask, so any of the three may be the one that there is quota for.
    found = [event["vt_status"] for event in events(splunkd)]
    assert (found.count("pending"), found.count("ok") + found.count("not_found")) == (2, 1)
    assert (ran.status, ran.levels) == (0, ["WARN"])
    assert "2 of 3 indicators are pending" in ran.said[0]
    splunkd.settings = {**splunkd.settings, "quota": "none"}
    splunkd.users[SESSION] = EVERYTHING
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    [row] = alert.lookup.command("vtdrain")([], **there).records
    assert row["failed"] == "0"
    assert row["asked"] == "2"


def test_a_refused_key_is_reported_and_fails_the_action_but_every_indicator_has_its_event(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.password = "wrong-key"
    ran = alert([{"md5": md5(number)} for number in range(40)], fields="md5")
    assert (ran.status, ran.levels) == (1, ["ERROR"])
    assert "VirusTotal does not accept the API key" in ran.said[0]
    assert [event["vt_status"] for event in events(splunkd)] == ["error"] * 40
    assert len(sandbox.all_requests) == 1


def test_an_index_that_takes_nothing_fails_the_action_as_one_to_be_tried_again(
    alert: Alert, splunkd: FakeSplunkd
) -> None:
    splunkd.failing = {"receivers/simple": 503}
    ran = alert([{"md5": EICAR_MD5}], fields="md5")
    assert ran.status == 75
    assert ran.said == ["0 of 1 events were written: splunkd did not write to the index threat (HTTP 503)"]


def test_users_without_the_lookup_right_see_which_right_is_needed(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = frozenset()
    ran = alert([{"md5": EICAR_MD5}], fields="md5")
    assert (ran.status, splunkd.indexed) == (2, [])
    assert "your role needs the capability run_vtlookup" in ran.said[0]


def test_no_more_than_the_limit_is_looked_up_and_the_rest_is_reported(alert: Alert, splunkd: FakeSplunkd) -> None:
    ran = alert([{"md5": md5(number)} for number in range(9)], fields="md5", limit="4")
    assert len(splunkd.indexed) == 4
    assert ran.said == ["5 more distinct values were left out; raise limit= to have them looked up"]


def test_many_indicators_are_written_in_several_calls_of_the_endpoint(alert: Alert, splunkd: FakeSplunkd) -> None:
    alert([{"md5": md5(number)} for number in range(60)], fields="md5")
    assert [event["indicator"] for event in events(splunkd)] == [md5(number) for number in range(60)]
    assert splunkd.asked.count(VERDICTS) == 3


def test_the_log_tells_of_the_alert_as_of_a_search(alert: Alert) -> None:
    logged = alert([{"md5": EICAR_MD5}, {"md5": EICAR_MD5}], fields="md5").logged
    reported = {name: logged[name] for name in ("event", "command", "user", "rows", "distinct", "asked", "written")}
    assert reported == {
        "event": "alert",
        "command": "vt_alert_lookup",
        "user": "somebody",
        "rows": 2,
        "distinct": 1,
        "asked": 1,
        "written": 1,
    }
    assert (logged["search_name"], logged["ended"], logged["errors"]) == ("Files on endpoints", "done", {})


def test_an_alert_without_results_or_without_values_writes_nothing_and_is_fine(
    alert: Alert, splunkd: FakeSplunkd
) -> None:
    for rows in ([], [{"md5": ""}, {"md5": "  "}]):
        ran = alert(rows, fields="md5")
        assert (ran.status, ran.said) == (0, [])
    assert splunkd.indexed == []


def test_placeholders_are_no_values_and_no_failure(alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    rows = [{"ip": value} for value in ("-", "unknown", "NULL", "N/A", "none", "(null)")]
    ran = alert(rows, fields="ip", type="ip")
    assert (ran.status, ran.said, splunkd.indexed, sandbox.all_requests) == (0, [], [], [])
    assert (ran.logged["rows"], ran.logged["distinct"], ran.logged["errors"]) == (6, 0, {})
    ran = alert([*rows, {"ip": CLEAN_IP}], fields="ip")
    assert (ran.status, ran.said, [event["indicator"] for event in events(splunkd)]) == (0, [], [CLEAN_IP])


def test_an_indicator_in_several_spellings_is_one_event(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    rows = [
        {"md5": EICAR_MD5, "other": EICAR_MD5.upper(), "orig_rid": "0"},
        {"md5": EICAR_MD5.upper(), "other": "", "orig_rid": "1"},
        {"md5": "", "other": f" {EICAR_MD5}", "orig_rid": "2"},
        {"md5": "evil[.]example", "other": "EVIL.example.", "orig_rid": "3"},
        {"md5": "nonsense", "other": "Nonsense", "orig_rid": "4"},
    ]
    ran = alert(rows, fields="md5, other", limit="4")
    found = [(event["indicator"], event["field"], event["results"]) for event in events(splunkd)]
    assert found == [
        (EICAR_MD5, "md5", 3),
        ("evil[.]example", "md5", 1),
        ("nonsense", "md5", 1),
        ("Nonsense", "other", 1),
    ]
    assert events(splunkd)[0]["orig_rid"] == ["0", "1", "2"]
    assert (len(sandbox.requests), ran.logged["distinct"]) == (2, 4)


def test_the_type_decides_which_spellings_are_one(alert: Alert, splunkd: FakeSplunkd) -> None:
    alert([{"x": "http://evil.example"}, {"x": "HTTP://EVIL.example/"}], fields="x", type="url")
    assert [event["results"] for event in events(splunkd)] == [2]


def test_a_skipped_indicator_has_its_reason_in_the_event(alert: Alert, splunkd: FakeSplunkd) -> None:
    ran = alert([{"x": "10.0.0.1"}, {"x": "pc7.local"}, {"x": "a.corp.example"}], fields="x")
    reasons = [event["vt_reason"] for event in events(splunkd)]
    assert reasons == ["private_address", "internal_name", "never_query"]
    assert (ran.status, ran.logged["verdicts"]) == (0, {})
    assert ran.logged["skipped"] == dict.fromkeys(reasons, 1)


@pytest.mark.parametrize("name", ["md5 ", " md5", "md5,x", 'a"b'])
def test_a_field_of_any_name_can_be_named_in_quotes(name: str, alert: Alert, splunkd: FakeSplunkd) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    ran = alert([{name: EICAR_MD5, "ip": CLEAN_IP}], fields=f"{quoted}, ip")
    assert (ran.status, ran.said) == (0, [])
    assert [event["field"] for event in events(splunkd)] == [name, "ip"]


def test_an_unknown_parameter_is_reported_with_the_list_of_parameters(alert: Alert) -> None:
    ran = alert([{"md5": EICAR_MD5}], fields="md5", feilds="sha1", _cam="{}")
    assert (ran.status, ran.levels) == (0, ["WARN"])
    assert ran.said == ["there is no parameter feilds; parameters are fields, type, index, wait, limit"]


def test_a_misspelt_field_is_reported(alert: Alert) -> None:
    ran = alert([{"md5": EICAR_MD5}], fields="md_5")
    assert (ran.status, ran.said) == (
        2,
        ["no result has the field md_5; the nearest is md5: check its spelling in the alert"],
    )
    ran = alert([{"md5": EICAR_MD5}], fields="md5, sha1")
    assert (ran.status, ran.said) == (0, ["no result has the field sha1"])


@pytest.mark.parametrize(
    ("params", "reported"),
    [
        ({}, "fields= is empty: name one or more fields of the results"),
        ({"fields": " , "}, "fields= is empty: name one or more fields of the results"),
        ({"fields": "md5", "type": "file"}, "type='file': one of hash, url, domain, ip, ioc"),
        ({"fields": "md5", "limit": "0"}, "limit='0': a number from 1 to 1000"),
        ({"fields": "md5", "limit": "9999"}, "limit='9999': a number from 1 to 1000"),
        ({"fields": "md5", "limit": "\u0663"}, "a number from 1 to 1000"),
        ({"fields": "md5", "wait": "soon"}, "wait='soon': write seconds"),
        ({"fields": "md5", "wait": "2h"}, "wait=7200: 600 seconds at most"),
    ],
)
def test_a_wrong_setting_of_the_alert_is_reported(params: dict[str, str], reported: str, alert: Alert) -> None:
    ran = alert([{"md5": EICAR_MD5}], **params)
    assert (ran.status, ran.levels) == (2, ["ERROR"])
    assert reported in ran.said[0]


@pytest.mark.parametrize(
    "document", [b"", b"{", b"[]", b"null", b"{}", b'{"configuration": 3}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_document_of_an_alert_is_refused_in_one_line(document: bytes, alert: Alert) -> None:
    ran = alert.reported(document)
    assert (ran.status, ran.levels) == (2, ["ERROR"])
    assert "stdin is not an alert's JSON document" in ran.said[0]


def test_a_document_without_a_session_or_of_any_size_is_refused(alert: Alert) -> None:
    bare = {**alert.document(None, fields="md5"), "session_key": ""}
    assert alert.reported(json.dumps(bare).encode()).said == ["splunkd passed no session key"]
    assert "is larger than" in alert.reported(b" " * (16 * 1024 * 1024 + 1)).said[0]


def test_only_splunk_starts_it(alert: Alert) -> None:
    ran = alert.reported(b"", "--help")
    assert (ran.status, ran.said) == (2, ["Splunk starts this script, with --execute"])


def test_results_that_cannot_be_read_are_reported(alert: Alert) -> None:
    broken = alert.job / "broken.csv.gz"
    broken.write_bytes(gzip.compress(b"md5\nx\n")[:-9])
    plain = alert.job / "plain.csv.gz"
    plain.write_bytes(b"md5\nx\n")
    for path in (broken, plain):
        ran = alert.on(path, fields="md5")
        assert ran.status == 2
        assert ran.said[0].startswith("the alert's results could not be read")
    for path in (alert.job, alert.job / "none.csv.gz"):
        assert "not from this search's job" in alert.on(path, fields="md5").said[0]
    assert alert.on(None, fields="md5").said == ["the payload has no file with results"]


def test_no_file_but_the_jobs_own_is_read(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer, tmp_path: Path
) -> None:
    """`sendalert` takes `results_path`, so a search can name any file that splunkd can read."""
    rows = [{"md5": EICAR_MD5}]
    dispatch = alert.job.parent
    (dispatch / "another_job").mkdir()
    others = [
        results_file(tmp_path / "results.csv.gz", rows),
        results_file(dispatch / "another_job/results.csv.gz", rows),
        results_file(dispatch / "results.csv.gz", rows),
        results_file(alert.lookup.home / "results.csv.gz", rows),
    ]
    link, pipe = alert.job / "link.csv.gz", alert.job / "pipe.csv.gz"
    link.symlink_to(others[0])
    os.mkfifo(pipe)
    paths: list[Path | str] = [
        *others,
        link,
        pipe,
        alert.job / "../another_job/results.csv.gz",
        "results.csv.gz",
        "\0",
        "x" * 5000,
    ]
    for path in paths:
        ran = alert.on(path, fields="md5")
        assert (ran.status, ran.said) == (
            2,
            ["the file with the results is not from this search's job: leave out results_path="],
        )
    for sid in ("", ".", "..", "../dispatch", "another_job/..", str(tmp_path)):
        reported = {**alert.document(others[0], fields="md5"), "sid": sid}
        assert alert.reported(json.dumps(reported).encode()).status == 2
    assert (splunkd.indexed, sandbox.all_requests) == ([], [])


@pytest.mark.parametrize("place", ["dispatch/{sid}/results.csv.gz", "dispatch/{sid}/per_result/1.csv.gz", "{sid}/a.gz"])
def test_the_jobs_results_are_read_wherever_its_folder_is(
    place: str, alert: Alert, splunkd: FakeSplunkd, tmp_path: Path
) -> None:
    run = alert.lookup.home / "var/run/splunk"
    run.mkdir(parents=True)
    (tmp_path / "other_disk").mkdir()
    (run / "dispatch").symlink_to(tmp_path / "other_disk")
    path = run / place.format(sid=SID)
    path.parent.mkdir(parents=True)
    assert alert.on(results_file(path, [{"md5": EICAR_MD5}]), fields="md5").status == 0
    assert len(splunkd.indexed) == 1


@pytest.mark.parametrize("cell", [b"a\x00b", b"\xff\xfe", b'"a\n""b"', b'"unclosed'], ids=repr)
def test_one_odd_cell_does_not_keep_the_others_from_being_looked_up(
    cell: bytes, alert: Alert, splunkd: FakeSplunkd
) -> None:
    results = alert.job / "odd.csv.gz"
    results.write_bytes(gzip.compress(b"md5,a\n" + EICAR_MD5.encode() + b"," + cell + b"\n"))
    assert alert.on(results, fields="md5").status == 0
    assert [event["vt_verdict"] for event in events(splunkd)] == ["malicious"]


def test_results_that_unpack_to_any_size_are_read_no_further_than_they_may(alert: Alert, splunkd: FakeSplunkd) -> None:
    bomb = alert.job / "bomb.csv.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        file.write(f"md5,x\n{EICAR_MD5},1\n".encode())
        for _ in range(12):
            file.write(b"x" * 1024 * 1024)
    ran = alert.on(bomb, fields="md5")
    assert (ran.status, ran.said) == (0, ["only the first 1 results were read"])
    assert len(splunkd.indexed) == 1


def test_more_rows_than_a_search_keeps_are_not_read(alert: Alert, splunkd: FakeSplunkd) -> None:
    many = results_file(alert.job / "many.csv.gz", [{"md5": EICAR_MD5}] * 50_001)
    assert alert.on(many, fields="md5").said == ["only the first 50000 results were read"]
    assert events(splunkd)[0]["results"] == 50_000


def test_the_second_alert_takes_what_the_first_has_learnt(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    for _ in range(2):
        alert([{"md5": EICAR_MD5}], fields="md5")
    first, second = events(splunkd)
    assert first["vt_source"] == second["vt_source"] == "cache"
    assert {**first, "time": ""} == {**second, "time": "", "vt_age": first["vt_age"]}
    assert len(sandbox.requests) == 1


def test_it_works_on_each_of_splunks_pythons(alert: Alert, everywhere: Lookup, splunkd: FakeSplunkd) -> None:
    on = dataclasses.replace(alert, lookup=alert.lookup.on(everywhere.python))
    assert on([{"md5": EICAR_MD5}], fields="md5").status == 0
    assert len(splunkd.indexed) == 1


@pytest.mark.parametrize("named", ["_internal", "Main", "a b", "kvstore", "x" * 90])
def test_an_index_that_splunk_would_not_have_is_refused_on_the_setup_page_and_here(
    named: str, alert: Alert, splunkd: FakeSplunkd
) -> None:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": named}
    assert write(splunkd, {"value": EICAR_MD5})[0] == 403
    splunkd.users[SESSION] = EVERYTHING
    status, answer = call(splunkd, {"settings": {"verdict_indexes": named}}, "vtlookup/settings")
    assert status == 400
    assert "is not a valid index" in answer["wrong"]["verdict_indexes"]


def test_an_event_is_as_long_as_an_event_may_be_whatever_is_in_the_results(alert: Alert, splunkd: FakeSplunkd) -> None:
    row = {"x": "y" * 500_000, **dict.fromkeys(LINKS, '\\"€' * 50000)}
    others = [{"x": "z", **dict.fromkeys(LINKS, f"{number}" * 3000)} for number in range(10)]
    assert alert([row, *others, {"x": EICAR_MD5}], fields="x", type="ioc").status == 0
    assert len(splunkd.indexed) == 3
    assert all(len(event) <= 16_000 for _, event in splunkd.indexed)
    assert [event["vt_status"] for event in events(splunkd)] == ["error", "error", "ok"]
