"""`vtaction enrich`: what becomes of each event."""

from __future__ import annotations

import json

import pytest

from tests.enrich.events import KNOWN, WAITING, enriched, events_of, line, md5
from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.adapters.runner.lines import LONGEST_BYTES
from vt_connectors.sandbox import SandboxServer


def test_events_come_out_in_order_and_as_they_were_with_the_fields_behind(run: RunnerProcess) -> None:
    lines = [f'{{"n": {number}.10, "md5":"{md5(number % 5)}" }}' for number in range(40)]
    out = enriched(run, "\n".join(lines) + "\n").splitlines()
    assert [text[: len(before) - 1] for text, before in zip(out, lines)] == [before[:-1] for before in lines]
    assert all(json.loads(text)["vt_status"] in ("ok", "not_found") for text in out)


def test_the_fields_are_those_of_vtlookup_with_numbers_and_lists_of_json(run: RunnerProcess) -> None:
    (event,) = events_of(enriched(run, KNOWN))
    assert (event["vt_status"], event["vt_verdict"], event["vt_worst_verdict"]) == ("ok", "malicious", "malicious")
    assert event["vt_detections"] == f"{event['vt_malicious'] + event['vt_suspicious']}/{event['vt_total']}"
    assert isinstance(event["vt_first_seen"], int)
    assert len(event["vt_detected_by"]) == event["vt_malicious"] + event["vt_suspicious"]
    assert None not in event.values()


def test_equal_values_cost_one_request(run: RunnerProcess, sandbox: SandboxServer) -> None:
    events = events_of(enriched(run, "".join(line(md5=md5(number % 7)) for number in range(500))))
    assert (len(events), len(sandbox.requests)) == (500, 7)


def test_cached_answers_cost_none(run: RunnerProcess, sandbox: SandboxServer) -> None:
    enriched(run, KNOWN)
    (event,) = events_of(enriched(run, KNOWN, "--cache", "only"))
    assert (event["vt_verdict"], event["vt_source"], len(sandbox.requests)) == ("malicious", "cache", 1)


def test_without_quota_an_event_is_pending_at_once_and_queued_for_the_drain(
    run: RunnerProcess, sandbox: SandboxServer
) -> None:
    text = "".join(line(md5=md5(number)) for number in range(50))
    events = events_of(enriched(run, text, VT_QUOTA="1/hour"))
    pending = [event for event in events if event["vt_status"] == "pending"]
    assert (len(pending), len(sandbox.requests)) == (49, 1)
    assert {(event["vt_queued"], event["vt_error"].split(":")[0]) for event in pending} == {(True, "rate_limited")}
    drained = json.loads(run.text("drain", "--keep", "0").stdout)
    assert drained["left"] == 0
    again = events_of(enriched(run, text, "--cache", "only"))
    assert {event["vt_status"] for event in again} <= {"ok", "not_found"}


def test_a_pending_event_can_be_given_again_and_gets_its_answer(run: RunnerProcess) -> None:
    both = KNOWN + line(n=2, md5=md5(2))
    first = enriched(run, both, VT_QUOTA="1/hour")
    statuses = [[event["vt_status"] for event in events_of(text)] for text in (first, enriched(run, first))]
    assert statuses[0].count("pending") == 1
    assert statuses[1] == statuses[0], "without --replace nothing is overwritten"
    last = events_of(enriched(run, first, "--replace"))
    assert [event["vt_status"] for event in last] == ["ok", "not_found"]
    assert all("vt_error" not in event for event in last)


@pytest.mark.parametrize("name", ["vt_status", "vt_verdict"])
def test_an_event_that_has_a_new_field_already_stays_as_it_is(
    run: RunnerProcess, sandbox: SandboxServer, name: str
) -> None:
    text = json.dumps({"md5": EICAR, name: "mine"}).replace("vt_", "\\u0076t_") + "\n"
    done = run.text("enrich", "--field", "md5", stdin=text)
    assert (done.stdout, done.returncode) == (text, 0)
    assert "--replace" in done.stderr
    assert sandbox.requests == [], "an answer that cannot be written costs nothing"


def test_replacing_new_fields_changes_nothing_else_of_an_event(run: RunnerProcess) -> None:
    kept = f'"md5" : "{EICAR}" ,' + '"n":1e400,"f":1.10,"a":1,"a":[{"x,":"}\\"{"}]'
    [out] = enriched(run, f'{{"vt_status":"old",{kept},"\\u0076t_label":{{"old":[1,2]}}}}\n', "--replace").splitlines()
    assert out.startswith("{" + kept + ',"vt_status":"ok",')
    assert json.loads(out)["vt_verdict"] == "malicious"
    assert "old" not in out


def test_no_event_ends_the_stream_however_deep_it_is_nested(run: RunnerProcess) -> None:
    depths = range(900, 1000)
    text = "".join(f'{{"md5":"{EICAR}","vt_status":"old","deep":{"[" * each}{"]" * each}}}\n' for each in depths)
    done = run.text("enrich", "--field", "md5", "--replace", *WAITING, stdin=text + KNOWN)
    assert (done.returncode, done.stdout.count("\n")) == (0, len(depths) + 1)
    assert json.loads(done.stdout.splitlines()[-1])["vt_status"] == "ok"


def test_what_is_no_event_is_passed_on_byte_for_byte(run: RunnerProcess, sandbox: SandboxServer) -> None:
    long = b'{"md5":"' + b"a" * LONGEST_BYTES + b'"}'
    deep = b"[" * 100_000 + b"]" * 100_000
    odd = [b"garbage", b"", b"  ", b"[1]", b'"text"', b'{"md5":', b'{"md5":"\xff"}', deep, long, b"{} {}", b"\x00"]
    text = b"\n".join(odd) + b"\n" + KNOWN.encode()
    done = run.ended(("enrich", "--field", "md5", *WAITING), {}, stdin=text)
    assert done.returncode == 0
    assert done.stdout.startswith(text[: -len(KNOWN)])
    assert json.loads(done.stdout[len(text) - len(KNOWN) :])["vt_status"] == "ok"
    assert b"line 1 is not a JSON object" in done.stderr
    assert b"9 of 12 lines" in done.stderr


def test_the_last_line_needs_no_end_and_a_carriage_return_stays(run: RunnerProcess) -> None:
    text = KNOWN.replace("\n", "\r\n") + KNOWN.strip()
    out = run.ended(("enrich", "--field", "md5", *WAITING), {}, stdin=text.encode()).stdout
    assert [event["vt_status"] for event in events_of(out.decode())] == ["ok", "ok"]
    assert out.count(b"}\r\n") == 1
    assert out.endswith(b"}\n")


@pytest.mark.parametrize("event", [{}, {"md5": None}, {"md5": ""}, {"md5": "-"}, {"md5": []}, {"other": EICAR}])
def test_an_event_without_a_value_stays_as_it_is(run: RunnerProcess, event: dict[str, object]) -> None:
    text = json.dumps(event) + "\n"
    assert enriched(run, text) == text


@pytest.mark.parametrize("value", [5, True, {"a": 1}, ["x", 1], ["x"] * 101, "a" * 9000])
def test_a_value_that_cannot_be_looked_up_is_an_error_of_its_event_alone(run: RunnerProcess, value: object) -> None:
    first, second = events_of(enriched(run, line(md5=value) + KNOWN))
    assert first["vt_status"] == "error"
    assert first["vt_error"].startswith("invalid_indicator: the field md5 has " if len(str(value)) > 100 else "invalid")
    assert second["vt_status"] == "ok"


def test_a_list_gets_one_element_for_each_value_and_the_worst_verdict(run: RunnerProcess) -> None:
    (event,) = events_of(enriched(run, line(ioc=[EICAR, "10.0.0.1", "-", "no indicator"]), field="ioc"))
    assert event["vt_status"] == ["ok", "skipped", "error"]
    assert event["vt_reason"] == [None, "private_address", None]
    assert event["vt_worst_verdict"] == "malicious"


def test_a_name_with_a_dot_is_a_field_or_a_field_inside_another(run: RunnerProcess) -> None:
    text = line(file={"hash": {"md5": EICAR}}) + line(**{"file.hash.md5": EICAR}) + line(file="x")
    events = events_of(enriched(run, text, field="file.hash.md5"))
    assert [event.get("vt_status") for event in events] == ["ok", "ok", None]


def test_several_fields_get_names_of_their_own(run: RunnerProcess) -> None:
    text = line(md5=EICAR, src={"ip": "192.168.0.1"}) + line(src={"ip": "8.8.8.8"})
    events = events_of(enriched(run, text, "--field", "src.ip:ip"))
    assert (events[0]["vt_md5_verdict"], events[0]["vt_src_ip_status"]) == ("malicious", "skipped")
    assert events[1]["vt_src_ip_status"] in ("ok", "not_found")
    assert not [name for name in events[1] if name.startswith("vt_md5")]


def test_only_some_fields_are_added_if_others_are_not_wanted(run: RunnerProcess) -> None:
    (event,) = events_of(enriched(run, KNOWN, "--only", "verdict,detections", "--prefix", "threat."))
    assert sorted(event) == ["md5", "n", "threat.detections", "threat.status", "threat.verdict"]


def test_the_context_of_an_object_is_added_on_request(run: RunnerProcess) -> None:
    (event,) = events_of(enriched(run, KNOWN, "--context"))
    assert [name for name in event if name.startswith("vt_context_")]


def test_rsyslog_gets_one_line_for_each_message_with_new_properties_only(run: RunnerProcess) -> None:
    messages = [
        {"msg": "x", "$!": {"md5": EICAR}},
        {"msg": "x", "fromhost-ip": "10.0.0.1", "$!": {}},
        {"msg": "x", "$!": {"md5": EICAR, "vt_status": "mine"}},
    ]
    text = "".join(line(**message) for message in messages) + "garbage\n\n"
    out = enriched(run, text, "--dialect", "rsyslog", "--only", "verdict").splitlines()
    assert out == ['{"$!":{"vt_status":"ok","vt_verdict":"malicious"}}', "{}", "{}", "{}", "{}"]
    host = enriched(run, text, "--dialect", "rsyslog", "--only", "reason", field="fromhost-ip:ip").splitlines()
    assert host[1] == '{"$!":{"vt_status":"skipped","vt_reason":"private_address"}}'


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--field"),
        (["--field", "md5:hsah"], "'hsah' is not a kind: ioc, hash"),
        (["--field", "a.b", "--field", "a_b"], "two of the fields would get new fields with the same names"),
        (["--field", "md5", "--only", "verdcit"], "'verdcit' is not one of status"),
        (["--field", "md5", "--prefix", '"'], "is not a prefix"),
        (["--field", "md5", "--max-wait", "soon"], "is not a time"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_read(run: RunnerProcess, arguments: list[str], told: str) -> None:
    done = run.text("enrich", *arguments, stdin=KNOWN)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_wrong_settings_are_told_before_anything_is_read(run: RunnerProcess) -> None:
    done = run.text("enrich", "--field", "md5", stdin=KNOWN, VT_QUOTA="lots")
    assert (done.returncode, done.stdout) == (2, "")
    assert "VT_QUOTA" in done.stderr


def test_a_missing_key_is_an_error_of_each_event_and_none_is_lost(run: RunnerProcess) -> None:
    run.environment.pop("VT_API_KEY")
    (event,) = events_of(enriched(run, KNOWN))
    assert (event["n"], event["vt_status"]) == (1, "error")
    assert event["vt_error"].startswith("config_error: no API key")
