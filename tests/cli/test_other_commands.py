"""`describe`, `sample`, `doctor`, `cache`, `sandbox`."""

from __future__ import annotations

import json
import signal
import stat
import urllib.request
from pathlib import Path

import jsonschema
import pytest

from tests.vtaction_process import EICAR, EVERY_LICENCE, RunnerProcess, lookup
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.cli.arguments import parse
from vt_connectors.adapters.cli.main import RunOptions
from vt_connectors.adapters.cli.main import run as run_requests


def test_the_manifest_describes_every_action_with_a_schema_its_example_keeps(run: RunnerProcess) -> None:
    manifest = json.loads(run.text("describe").stdout)
    assert [action["name"] for action in manifest["actions"]] == list(ACTIONS)
    for action in manifest["actions"]:
        for example in action["examples"]:
            jsonschema.validate(example["request"], manifest["request"])
            jsonschema.validate(example["request"]["params"], action["params"])
        assert action["examples"]
        assert action["cost"]["requests"]


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_sample_is_a_request_that_runs(run: RunnerProcess, name: str, tmp_path: Path) -> None:
    sample = run.text("sample", name).stdout
    # One of them creates a file in the working folder.
    ran = run.ended(("run",), {"VT_API_KEY": EVERY_LICENCE}, stdin=sample.encode(), folder=tmp_path)
    assert json.loads(ran.stdout)["status"] in ("ok", "not_found", "pending")


def test_the_markdown_table_has_a_row_for_each_action(run: RunnerProcess) -> None:
    _, _, *rows = run.text("describe", "--markdown").stdout.splitlines()
    assert [row.split("`")[1] for row in rows] == list(ACTIONS)


def test_one_action_is_described_as_in_the_manifest(run: RunnerProcess) -> None:
    entries = {entry["name"]: entry for entry in json.loads(run.text("describe").stdout)["actions"]}
    assert json.loads(run.text("describe", "get-comment").stdout) == entries["get_comment"]


def test_tables_of_all_actions_are_not_about_one(run: RunnerProcess) -> None:
    done = run.text("describe", "get_comment", "--markdown")
    assert (done.returncode, done.stdout) == (2, "")
    assert "leave out get_comment" in done.stderr


def _doctor(run: RunnerProcess, *arguments: str, **changes: str) -> tuple[dict[str, tuple[bool, str]], int]:
    done = run.text("doctor", *arguments, "--json", **changes)
    return {finding["about"]: (finding["ok"], finding["text"]) for finding in json.loads(done.stdout)}, done.returncode


def test_doctor_tells_where_the_key_comes_from_and_that_the_state_is_shared(run: RunnerProcess) -> None:
    findings, code = _doctor(run, "--online")
    assert code == 0
    assert findings["API key"] == (True, "from VT_API_KEY")
    assert "shared by all processes" in findings["state"][1]
    assert findings["VirusTotal"][0] is True
    assert "public" in findings["privacy"][1]


@pytest.mark.parametrize(
    ("changes", "about", "said"),
    [
        ({"VT_API_KEY": ""}, "API key", "VT_API_KEY_FILE"),
        ({"VT_QUOTA": "lots"}, "settings", "VT_QUOTA"),
        ({"VT_STATE": "/proc/nowhere/state.db"}, "state", "/proc"),
        ({"VT_STATE": "kvstore"}, "state", "kvstore is only available"),
        ({"VT_API_KEY": "wrong-key"}, "VirusTotal", "access_denied"),
        ({"VT_API_URL": "http://127.0.0.1:9"}, "VirusTotal", "unavailable"),
    ],
)
def test_doctor_names_what_is_wrong_and_exits_2(
    run: RunnerProcess, changes: dict[str, str], about: str, said: str
) -> None:
    findings, code = _doctor(run, "--online", **changes)
    assert code == 2
    assert findings[about][0] is False
    assert said in findings[about][1]


def test_a_place_that_only_splunk_has_is_a_wrong_setting(run: RunnerProcess, tmp_path: Path) -> None:
    ran = run(lookup(), VT_STATE="kvstore")
    assert (ran.lines[0]["error"]["code"], ran.exit_code) == ("config_error", 2)
    assert "kvstore is only available" in ran.lines[0]["error"]["message"]
    assert not list(tmp_path.rglob("kvstore*"))


def test_the_cache_can_be_listed_measured_and_cleared(run: RunnerProcess) -> None:
    run(lookup())
    [row] = [json.loads(line) for line in run.text("cache", "list", "--json").stdout.splitlines()]
    assert (row["key"], row["status"]) == (f"v3:hash:{EICAR}", "ok")
    assert json.loads(run.text("cache", "stats", "--json").stdout)["entries"] == 1
    assert json.loads(run.text("cache", "clear", "--json").stdout) == {"cleared": 1}
    assert run.text("cache", "list", "--json").stdout == ""


def test_the_default_state_is_private_and_where_xdg_says(run: RunnerProcess, tmp_path: Path) -> None:
    run(lookup(), VT_STATE="", XDG_STATE_HOME=str(tmp_path / "xdg"))
    folder = tmp_path / "xdg" / "vt-connectors"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_sandbox_runs_until_it_is_stopped(run: RunnerProcess) -> None:
    process = run.fork("sandbox", "--port", "0", "--quota", "2/minute")
    assert process.stdout is not None
    url = process.stdout.readline().decode().split()[4]
    request = urllib.request.Request(f"{url}/api/v3/files/{EICAR}", headers={"x-apikey": "any"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["data"]["type"] == "file"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_sandbox_on_a_port_in_use_says_so(run: RunnerProcess) -> None:
    port = run.environment["VT_API_URL"].rpartition(":")[2]
    done = run.text("sandbox", "--port", port)
    assert done.returncode == 2
    assert f"port {port} is taken" in done.stderr
    assert "--port 0" in done.stderr


def test_the_sandbox_lists_indicators_that_have_the_verdict_it_says(run: RunnerProcess) -> None:
    rows = [json.loads(line) for line in run.text("sandbox", "--list").stdout.splitlines()]
    assert {row["verdict"] for row in rows} == {"malicious", "suspicious", "undetected", "unknown"}
    public = [row for row in rows if row["indicator"] not in ("203.0.113.66", "198.51.100.23")]
    ran = run(arguments=("lookup", *(row["indicator"] for row in public)))
    assert [line["data"]["verdict"] for line in ran.lines] == [row["verdict"] for row in public]


def test_the_sandbox_rehearses_bad_days_and_logs_without_the_key(run: RunnerProcess) -> None:
    process = run.fork("sandbox", "--port", "0", "--fault", "503:1", "--latency", "1ms-2ms", "--seed", "1", "--log")
    assert process.stdout is not None
    url = process.stdout.readline().decode().split(" at ")[1].split()[0]
    ran = run(lookup(), VT_API_URL=url, VT_API_KEY="a-secret-key")
    assert ran.lines[0]["error"]["code"] == "unavailable"
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert said.count(b"GET /api/v3/files/") == 3
    assert b" 503 spent" in said
    assert b"a-secret-key" not in said


def test_a_sandbox_that_cannot_be_says_why(run: RunnerProcess) -> None:
    for arguments in (["--fault", "nonsense"], ["--latency", "fast"], ["--quota", "many"]):
        done = run.text("sandbox", "--port", "0", *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("vtaction sandbox: ")
        assert "Traceback" not in done.stderr


def test_the_doctor_looks_at_the_certificates_that_are_named(run: RunnerProcess, tmp_path: Path) -> None:
    done = run.text("doctor", REQUESTS_CA_BUNDLE=str(tmp_path / "none.pem"))
    found = {finding["about"]: finding for finding in json.loads(done.stdout)}
    assert found["certificates"]["ok"] is False
    assert "does not exist" in found["certificates"]["text"]
    assert done.returncode == 2


def test_a_plain_run_has_the_options_that_the_command_line_gives_it() -> None:
    parsed = vars(parse(["run"]))
    assert {name: getattr(RunOptions, name) for name in parsed if name != "command"} == {
        name: value for name, value in parsed.items() if name != "command"
    }
    assert parsed["command"] is run_requests


@pytest.mark.parametrize("line", ["drain --d", "lookup 8.8.8.8 --js", "cache list --limit -1", "run --exit"])
def test_an_abbreviated_option_and_a_limit_below_one_are_usage_errors(line: str, run: RunnerProcess) -> None:
    done = run.text(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert line.split()[-1] in done.stderr
