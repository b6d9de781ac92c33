"""`doctor`, `cache` and `run` with the state at a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.redis_process import RedisProcess
from tests.vtaction_process import EICAR, RunnerProcess, lookup
from vt_connectors.backends.redis.server import LEDGERS

SECRET = "s3cr3t-pass"


def _doctor(run: RunnerProcess, state: str) -> tuple[dict[str, tuple[bool | None, str]], int]:
    done = run.text("doctor", "--json", VT_STATE=state)
    assert SECRET not in done.stdout + done.stderr
    return {finding["about"]: (finding["ok"], finding["text"]) for finding in json.loads(done.stdout)}, done.returncode


def test_doctor_tells_of_a_good_server(run: RunnerProcess, tmp_path: Path) -> None:
    options = ("--appendonly", "yes", "--requirepass", SECRET)
    process = RedisProcess(tmp_path / "redis", *options, user=f":{SECRET}").start()
    findings, code = _doctor(run, process.url)
    process.kill()
    assert code == 0
    assert findings["state"][0] is True
    assert "shared by all processes of all machines" in findings["state"][1]
    assert " ms;" in findings["state"][1]
    assert [about for about in findings if about.startswith("state:")] == []


@pytest.mark.parametrize(
    ("options", "about", "said"),
    [
        (("--maxmemory-policy", "allkeys-lru"), "state: memory", "set noeviction before you set it"),
        (("--maxmemory", "9mb", "--maxmemory-policy", "volatile-ttl"), "state: memory", "a request may be sent twice"),
        (
            ("--maxmemory", "9mb", "--maxmemory-policy", "volatile-random"),
            "state: memory",
            "a request may be sent twice",
        ),
        (("--maxmemory", "1mb"), "state: memory", "new answers replace old ones"),
        ((), "state: restart", "appendonly is off"),
    ],
)
def test_doctor_warns_of_what_could_lose_the_quotas_record(
    run: RunnerProcess, tmp_path: Path, options: tuple[str, ...], about: str, said: str
) -> None:
    process = RedisProcess(tmp_path / "redis", *options).start()
    findings, code = _doctor(run, process.url)
    process.kill()
    assert code == 0
    assert findings[about][0] is None
    assert findings[about][1].startswith("warning: ")
    assert said in findings[about][1]


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
def test_doctor_says_bad_where_a_full_server_drops_the_quotas_record(
    run: RunnerProcess, tmp_path: Path, policy: str
) -> None:
    process = RedisProcess(tmp_path / "redis", "--maxmemory", "9mb", "--maxmemory-policy", policy).start()
    findings, code = _doctor(run, process.url)
    process.kill()
    assert code == 2
    assert findings["state: memory"][0] is False
    assert f"maxmemory-policy is {policy}: a full server drops the record of the quota" in findings["state: memory"][1]


@pytest.mark.parametrize("policy", ["noeviction", "volatile-lru", "volatile-lfu"])
def test_doctor_has_nothing_to_say_of_policies_that_keep_what_must_stay(
    run: RunnerProcess, tmp_path: Path, policy: str
) -> None:
    process = RedisProcess(tmp_path / "redis", "--maxmemory", "9mb", "--maxmemory-policy", policy).start()
    findings, code = _doctor(run, process.url)
    process.kill()
    assert code == 0
    assert "state: memory" not in findings


def test_doctor_sees_a_record_of_an_earlier_version_until_it_is_used_again(run: RunnerProcess, tmp_path: Path) -> None:
    process = RedisProcess(tmp_path / "redis").start()
    server = process.server()
    assert run(lookup(), VT_STATE=process.url, VT_QUOTA="4/minute").exit_code == 0
    [ledger] = [name for names in server.keys(LEDGERS) for name in names]
    server.call("PEXPIRE", ledger, 3_600_000)
    findings, _ = _doctor(run, process.url)
    again = lookup("0" * 32)
    assert run(again, VT_STATE=process.url, VT_QUOTA="4/minute").lines[0]["meta"]["source"] == "api"
    later, _ = _doctor(run, process.url)
    process.kill()
    assert findings["state: record"][0] is None
    assert "1 keys of the quota's record" in findings["state: record"][1]
    assert "state: record" not in later


def test_doctor_says_what_a_lost_server_means(run: RunnerProcess) -> None:
    findings, code = _doctor(run, f"redis://:{SECRET}@127.0.0.1:9")
    assert code == 2
    assert findings["state"][0] is False
    assert "refused" in findings["state"][1]
    assert "a quarter of the quota" in findings["state"][1]


@pytest.mark.parametrize("state", [f"redis:/:{SECRET}@host", f"mysql://:{SECRET}@host"])
def test_an_address_that_is_none_is_a_configuration_error_everywhere(run: RunnerProcess, state: str) -> None:
    findings, code = _doctor(run, state)
    assert (code, findings["state"][0]) == (2, False)
    assert "not a supported address" in findings["state"][1]
    ran = run(lookup(), VT_STATE=state)
    assert (ran.lines[0]["error"]["code"], ran.exit_code) == ("config_error", 2)
    assert SECRET not in json.dumps(ran.lines) + ran.stderr


def test_a_wrong_password_is_a_configuration_error_everywhere(run: RunnerProcess, tmp_path: Path) -> None:
    process = RedisProcess(tmp_path / "redis", "--requirepass", "right", user=f":{SECRET}").start()
    findings, code = _doctor(run, process.url)
    ran = run(lookup(), VT_STATE=process.url)
    process.kill()
    assert (code, findings["state"][0]) == (2, False)
    assert "refuses the user or the password" in findings["state"][1]
    assert (ran.lines[0]["error"]["code"], ran.exit_code) == ("config_error", 2)
    assert SECRET not in json.dumps(ran.lines) + ran.stderr


def test_a_lost_server_is_warned_of_and_the_answer_comes(run: RunnerProcess) -> None:
    ran = run(lookup(), VT_STATE=f"redis://:{SECRET}@127.0.0.1:9")
    assert (ran.lines[0]["status"], ran.exit_code) == ("ok", 0)
    assert "working without the shared cache" in ran.stderr
    assert SECRET not in ran.stderr


def test_the_cache_can_be_listed_measured_and_cleared(run: RunnerProcess, redis_process: RedisProcess) -> None:
    run.environment["VT_STATE"] = redis_process.url
    run(lookup())
    [row] = [json.loads(line) for line in run.text("cache", "list", "--json").stdout.splitlines()]
    assert (row["key"], row["status"]) == (f"v3:hash:{EICAR}", "ok")
    stats = json.loads(run.text("cache", "stats", "--json").stdout)
    assert (stats["entries"], stats["place"]) == (1, redis_process.url)
    assert json.loads(run.text("cache", "clear", "--json").stdout) == {"cleared": 1}
    assert run.text("cache", "list", "--json").stdout == ""
