"""`vtaction run`: one output line for each input line of any kind."""

from __future__ import annotations

import json

import pytest

from tests.vtaction_process import EICAR, RunnerProcess, lookup
from vt_connectors.contract.validation import violation
from vt_connectors.sandbox import Quota, SandboxServer


def test_one_object_gets_one_line_that_keeps_the_contract(run: RunnerProcess) -> None:
    ran = run(lookup(id="a"))
    assert ran.exit_code == 0
    [line] = ran.lines
    assert violation("response.json", line) is None
    assert (line["id"], line["status"], line["data"]["verdict"]) == ("a", "ok", "malicious")
    assert line["meta"]["source"] == "api"
    assert ran.stderr == ""


def test_lines_come_in_input_order_and_equal_indicators_share_one_request(
    run: RunnerProcess, sandbox: SandboxServer
) -> None:
    values = [EICAR, EICAR.upper(), "0" * 32, EICAR, f" {EICAR} "]
    ran = run(*(lookup(value, id=number) for number, value in enumerate(values)))
    assert [line["id"] for line in ran.lines] == list(range(5))
    assert [line["status"] for line in ran.lines] == ["ok", "ok", "not_found", "ok", "ok"]
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("mode", ["off", "refresh"])
def test_more_equal_lines_than_workers_share_one_request_whatever_they_say_of_the_cache(
    run: RunnerProcess, sandbox: SandboxServer, mode: str
) -> None:
    ran = run(*[lookup(options={"cache": mode})] * 30)
    assert [line["status"] for line in ran.lines] == ["ok"] * 30
    assert len(sandbox.requests) == 1


def test_a_host_that_waits_for_each_answer_gets_a_request_per_line(run: RunnerProcess, sandbox: SandboxServer) -> None:
    process = run.fork("run")
    assert process.stdin is not None
    assert process.stdout is not None
    for number in (1, 2, 3):
        process.stdin.write(json.dumps(lookup(options={"cache": "refresh"})).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["meta"]["source"] == "api"
        assert len(sandbox.requests) == number
    process.stdin.close()
    assert process.wait(30) == 0


def test_a_bad_line_is_answered_with_its_number_and_the_rest_continues(run: RunnerProcess) -> None:
    ran = run("", lookup(id=1), "   ", "{bad", "[]", lookup(id=2))
    assert [line["status"] for line in ran.lines] == ["ok", "error", "error", "ok"]
    assert ran.lines[1]["error"]["code"] == ran.lines[2]["error"]["code"] == "invalid_request"
    assert ran.lines[1]["error"]["details"]["line"] == 4
    assert ran.exit_code == 2


def test_one_object_may_be_spread_over_lines(run: RunnerProcess) -> None:
    ran = run(json.dumps(lookup(id="x"), indent=2), lookup(id="y"))
    assert [line["id"] for line in ran.lines] == ["x", "y"]


def test_an_object_that_breaks_off_does_not_swallow_the_next(run: RunnerProcess) -> None:
    ran = run('{"action": "lookup_hash",', lookup(id="y"), '{"action":')
    assert [line["status"] for line in ran.lines] == ["error", "ok", "error"]
    assert [line["error"]["details"]["line"] for line in ran.lines if line["error"]] == [1, 3]


@pytest.mark.parametrize("line", ["nul", "[" * 100_000, '{"action": "quota", "params": {}, "id": NaN}', "\ufeff{}"])
def test_strange_lines_are_malformed_and_nothing_worse(run: RunnerProcess, line: str) -> None:
    ran = run(line)
    assert [answer["error"]["code"] for answer in ran.lines] == ["invalid_request"]


def test_a_line_over_one_mebibyte_is_refused_and_the_next_is_read(run: RunnerProcess) -> None:
    ran = run('{"action": "' + "x" * (1024 * 1024) + '"}', lookup(id="next"))
    assert ran.lines[0]["error"]["code"] == "invalid_request"
    assert ran.lines[1]["id"] == "next"


def test_lines_need_not_be_utf8_to_be_answered(run: RunnerProcess) -> None:
    process = run.fork("run")
    out, _ = process.communicate(b'{"id": "\xff"}\n' + json.dumps(lookup()).encode() + b"\n", timeout=30)
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["error", "ok"]


def test_a_response_is_one_line_of_ascii_even_for_ids_with_line_separators(run: RunnerProcess) -> None:
    done = run.text("run", stdin=json.dumps(lookup(id="a\u2028b\ud800")) + "\n")
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["id"] == "a\u2028b\ud800"


def test_each_answer_is_flushed_as_it_is_ready(run: RunnerProcess) -> None:
    """A host that sends the next request only after each answer gets its answers at once."""
    process = run.fork("run")
    assert process.stdin is not None
    assert process.stdout is not None
    for number in range(3):
        process.stdin.write(json.dumps(lookup(id=number)).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == number
    process.stdin.close()
    assert process.wait(30) == 0


def test_an_exhausted_day_is_answered_at_once_and_the_cache_still_answers(
    run: RunnerProcess, sandbox: SandboxServer
) -> None:
    run(lookup(), VT_QUOTA="5/day")
    many = [lookup(f"{number:032x}", id=number) for number in range(30)]
    ran = run(*many, lookup(id="cached"), VT_QUOTA="5/day")
    asked = [line for line in ran.lines if line["meta"]["source"] == "api"]
    refused = [line for line in ran.lines if line["error"]]
    assert len(asked) == 4
    assert {line["error"]["code"] for line in refused} == {"rate_limited"}
    assert {line["error"]["details"]["window"] for line in refused} == {"day"}
    assert ran.lines[-1]["meta"]["source"] == "cache"
    assert len(sandbox.requests) == 5
    assert ran.exit_code == 75


def test_two_keys_never_share_a_quota(run: RunnerProcess) -> None:
    own = lookup("2" * 32, auth={"api_key": "other-key"}, options={"cache": "off", "max_wait_s": 0})
    default = lookup("1" * 32, options={"cache": "off", "max_wait_s": 0})
    ran = run(default, VT_QUOTA="1/day")
    assert ran.lines[0]["meta"]["requests"] == 1
    ran = run(default, own, VT_QUOTA="1/day")
    assert [bool(line["error"]) for line in ran.lines] == [True, False]


def test_a_comment_goes_to_the_urls_sha256_id(run: RunnerProcess, sandbox: SandboxServer) -> None:
    url = "http://phishing.example/login/verify?session=1"
    comment = {"action": "add_comment", "params": {"indicator": url, "comment": "seen here #phishing"}}
    [line] = run(comment).lines
    assert line["status"] == "ok"
    assert line["meta"]["requests"] == 2
    assert sandbox.requests[-1].method == "POST"
    [again] = run({**comment, "params": {**comment["params"], "comment": "and here"}}).lines  # type: ignore[dict-item]
    assert again["meta"]["requests"] == 1, "the id is in the cache now"


def test_a_comment_on_a_url_that_only_the_cache_may_know_is_skipped(run: RunnerProcess, sandbox: SandboxServer) -> None:
    params = {"indicator": "http://phishing.example/login/verify?session=1", "comment": "x"}
    [line] = run({"action": "add_comment", "params": params, "options": {"cache": "only"}}).lines
    assert (line["status"], line["data"]["reason"]) == ("skipped", "not_cached")
    assert not sandbox.all_requests


def test_everything_wrong_with_a_request_is_listed_without_its_values(run: RunnerProcess) -> None:
    bad = {"action": "lookup_hash", "params": {"hsah": "secret"}, "options": {"cache": "never", "max_wait_s": -1}}
    [line] = run(bad).lines
    wrong = line["error"]["details"]["violations"]
    assert {entry["path"] for entry in wrong} == {"/options/cache", "/options/max_wait_s"}
    [line] = run({"action": "lookup_hash", "params": {"hsah": "secret"}}).lines
    assert [entry["rule"] for entry in line["error"]["details"]["violations"]] == ["additionalProperties", "required"]
    assert "secret" not in json.dumps(line["error"])


def test_the_quota_action_takes_over_what_the_account_says(run: RunnerProcess) -> None:
    for _ in range(3):
        run(lookup(options={"cache": "off"}), VT_STATE="memory")
    [line] = run({"action": "quota", "params": {}}, VT_QUOTA="4/minute,500/day").lines
    assert line["data"]["windows"]["day"]["used"] == 3


def test_quota_auto_takes_the_accounts_own_windows(tmp_path: object, run: RunnerProcess) -> None:
    with SandboxServer(Quota(windows=((2, 60.0),), per_day=7, per_month=None)) as server:
        ran = run(lookup(), VT_QUOTA="auto", VT_API_URL=server.url)
        assert ran.lines[0]["meta"]["quota"]["minute"]["limit"] == 2
        assert ran.lines[0]["meta"]["quota"]["day"]["limit"] == 7
