"""The printed lines, run by a shell, get what the action gets."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.export.shell import Shell
from tests.vtaction_process import EICAR
from vt_connectors.actions import ACTIONS
from vt_connectors.export.further_plans import FURTHER_PLANS
from vt_connectors.export.plan_action import has_plan
from vt_connectors.export.private_plans import PRIVATE_REPORTS
from vt_connectors.sandbox import EVERY_LICENCE, Quota, SandboxConfig, SandboxServer

URL = "http://phishing.example/login/verify?session=1"
MISSING = "http://unknown.example/"

LOOKUPS = [
    ("lookup", "suspicious[.]example"),
    ("lookup_hash", EICAR),
    ("lookup_url", URL),
    ("lookup_url", "hxxps://Suspicious[.]example/free-gift"),
    ("lookup_domain", "Malicious[.]example"),
    ("lookup_ip", "8.8.8.8"),
]
SCANS = [
    ("scan_file", "sample.bin"),
    ("rescan_file", EICAR),
    ("scan_url", MISSING),
    ("rescan", EICAR),
    ("rescan", URL),
]
OTHERS = {"add_comment", "get_comments", "get_analysis", "passive_dns", "quota"}
# Tried in test_further_plans.
ONLY_V3 = {*FURTHER_PLANS, *PRIVATE_REPORTS, "add_vote"}
OTHERS |= ONLY_V3
TRIED = {action for action, _ in LOOKUPS + SCANS} | OTHERS
# Their plans derive from the registry.
DERIVED = [name for name, action in ACTIONS.items() if name not in TRIED and has_plan(action)]
WITHOUT_PLAN = [name for name, action in ACTIONS.items() if not has_plan(action)]


def test_every_action_is_tried_here() -> None:
    assert TRIED | {*DERIVED, *WITHOUT_PLAN} == set(ACTIONS)
    assert not TRIED & set(WITHOUT_PLAN)


@pytest.mark.parametrize(
    ("name", "value"),
    [("passive_dns", "malicious.example"), *((name, str(ACTIONS[name].example["indicator"])) for name in DERIVED)],
)
def test_a_plan_of_rows_gets_those_that_the_action_reads(shell: Shell, name: str, value: str) -> None:
    arguments = (name, value, "--limit", "3")
    if shell.version == "3":
        assert shell.answer(*arguments)["data"] == shell.action(*arguments)["data"]["raw"]["data"]
        return
    printed = shell.printed(*arguments)
    if name in DERIVED:
        assert (printed.text, printed.exit_code) == ("", 2)
        assert "VT_API_VERSION=3" in printed.stderr
    else:
        assert printed.exit_code == 0


def test_an_action_has_lines_or_a_message_that_names_the_one_to_run_instead(shell: Shell) -> None:
    for name, action in ACTIONS.items():
        arguments = shlex.split(action.command_line)[1:]
        for given in arguments:
            if given.startswith("./"):
                (shell.folder / given).write_bytes(b"a sample")
        printed = shell.in_memory("curl", *arguments)
        if name in WITHOUT_PLAN:
            assert (printed.text, printed.exit_code) == ("", 2), name
            assert f"run vtaction {name}" in printed.stderr
        elif shell.version == "2" and (name in ONLY_V3 or name in DERIVED or name == "rescan"):
            assert (printed.text, printed.exit_code) == ("", 2), name
        else:
            assert ("curl " in printed.text, printed.exit_code) == (True, 0), (name, printed)


def data_of(answer: Any, version: str) -> Any:
    return answer["data"] if version == "3" else answer


@pytest.mark.parametrize(("action", "value"), LOOKUPS)
def test_a_lookup_gets_the_object_that_the_action_reports(shell: Shell, action: str, value: str) -> None:
    with_curl = shell.answer(action, value)
    assert data_of(with_curl, shell.version) == shell.action(action, value)["data"]["raw"]


def test_an_unknown_indicator_is_unknown_with_curl_too(shell: Shell) -> None:
    answer = shell.answer("lookup_hash", "0" * 64)
    assert (answer["error"]["code"] == "NotFoundError") if shell.version == "3" else (answer["response_code"] == 0)
    assert shell.action("lookup_hash", "0" * 64)["status"] == "not_found"


@pytest.mark.parametrize(("action", "value"), SCANS)
def test_a_scan_is_the_one_that_the_action_would_ask_for(shell: Shell, action: str, value: str) -> None:
    (shell.folder / "sample.bin").write_bytes(b"a sample")
    answer = shell.answer(action, value)
    # Asked for within the same second it is the same analysis.
    analysis_id = shell.action(action, value)["data"]["analysis_id"]
    assert (answer["data"]["id"] if shell.version == "3" else answer["scan_id"]) in analysis_id


@pytest.mark.parametrize(("action", "value"), SCANS)
def test_a_scan_that_is_waited_for_gets_what_the_action_reports(shell: Shell, action: str, value: str) -> None:
    (shell.folder / "sample.bin").write_bytes(b"another sample")
    with_curl = shell.answer(action, value, "--wait", "60")
    analysis_id = shell.action(action, value)["data"]["analysis_id"]
    assert data_of(with_curl, shell.version) == shell.action("get_analysis", analysis_id)["data"]["raw"]


def test_a_file_above_32_mb_goes_to_an_address_of_its_own(shell: Shell, sandbox: SandboxServer) -> None:
    with (shell.folder / "large.bin").open("wb") as file:
        file.truncate(32_000_001)
    answer = shell.answer("scan_file", "large.bin")
    asked, sent = sandbox.all_requests[-2:]
    assert (asked.method, asked.path.rpartition("/")[2]) == ("GET", "upload_url")
    assert (sent.method, sent.status) == ("POST", 200)
    assert sent.path not in ("/api/v3/files", "/vtapi/v2/file/scan")
    analysis_id = shell.action("scan_file", "large.bin")["data"]["analysis_id"]
    assert (answer["data"]["id"] if shell.version == "3" else answer["scan_id"]) in analysis_id


def test_an_analysis_is_the_one_that_the_action_reports(shell: Shell) -> None:
    analysis_id = shell.action("scan_url", URL)["data"]["analysis_id"]
    with_curl = shell.answer("get_analysis", analysis_id)
    assert data_of(with_curl, shell.version) == shell.action("get_analysis", analysis_id)["data"]["raw"]


def test_a_known_url_is_not_scanned_for_being_missing(shell: Shell, sandbox: SandboxServer) -> None:
    with_curl = shell.answer("lookup_url", URL, "--scan-if-missing")
    assert len(sandbox.all_requests) == 1
    assert data_of(with_curl, shell.version) == shell.action("lookup_url", URL)["data"]["raw"]


def test_a_missing_url_is_scanned_and_then_reported(shell: Shell, sandbox: SandboxServer) -> None:
    with_curl = shell.answer("lookup_url", MISSING, "--scan-if-missing")
    assert len(sandbox.all_requests) == 4
    assert data_of(with_curl, shell.version) == shell.action("lookup_url", MISSING)["data"]["raw"]


@pytest.mark.parametrize("indicator", [EICAR, URL, "malicious.example", "8.8.8.8"])
def test_a_comment_is_posted_where_the_action_reads_it(shell: Shell, indicator: str) -> None:
    shell.answer("add_comment", indicator, "--comment", "seen by hand #drill")
    [newest, *_] = shell.action("get_comments", indicator)["data"]["comments"]
    assert (newest["text"], newest["tags"]) == ("seen by hand #drill", ["drill"])


def test_comments_are_the_ones_that_the_action_reads(shell: Shell) -> None:
    with_curl = shell.answer("get_comments", EICAR, "--type", "hash")
    expected = shell.action("get_comments", EICAR)["data"]["raw"]["data"]
    found = with_curl["data"] if shell.version == "3" else with_curl["comments"]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(found) == 3


@pytest.mark.parametrize("value", ["malicious.example", "8.8.8.8"])
def test_resolutions_are_the_ones_that_the_action_reads(shell: Shell, value: str) -> None:
    with_curl = shell.answer("passive_dns", value, "--limit", "3")
    expected = shell.action("passive_dns", value, "--limit", "3")["data"]["raw"]["data"]
    assert expected
    if shell.version == "3":
        assert with_curl["data"] == expected
    else:
        assert all(row in with_curl["resolutions"] for row in expected)


def test_the_quota_is_the_accounts(shell: Shell) -> None:
    with_curl = shell.answer("quota")["data"]
    assert with_curl["api_requests_daily"]["user"]["allowed"] == 1_000_000_000
    assert set(shell.action("quota")["data"]["account"]) <= {name.rpartition("_")[2] for name in with_curl} | set(
        with_curl
    )


def test_the_use_of_the_account_is_asked_by_day(shell: Shell) -> None:
    done = shell.run(shell.printed("quota", "--usage-days", "2").text)
    decoder = json.JSONDecoder()
    _, end = decoder.raw_decode(done.stdout)
    use, _ = decoder.raw_decode(done.stdout[end:].lstrip())
    assert {"daily", "total"} <= set(use["data"])


def test_several_values_are_several_paragraphs(shell: Shell) -> None:
    printed = shell.printed("lookup_ip", "8.8.8.8", "1.1.1.1")
    assert printed.text.count("curl ") == 2


def test_lines_of_a_listing_come_from_stdin(shell: Shell) -> None:
    done = shell.vtaction.text("curl", "lookup_ip", "-", stdin="8.8.8.8\n1.1.1.1\n")
    assert done.stdout.count("curl ") == 2


def test_bash_and_sh_agree(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(shell.printed("lookup_url", URL, "--scan-if-missing").text, "utf-8")
    assert shell.run(f'bash "{script}"').stdout == shell.run(f'sh "{script}"').stdout != ""


PRIVATE = [
    ("scan_file", "sample.bin", "--private", "--password", "infected", "--retention-days", "3"),
    ("scan_url", MISSING, "--private", "--region", "EU"),
]


@pytest.mark.parametrize("arguments", PRIVATE, ids=lambda arguments: arguments[0])
def test_a_private_scan_is_private_with_curl_too(
    shell: Shell, sandbox: SandboxServer, arguments: tuple[str, ...]
) -> None:
    (shell.folder / "sample.bin").write_bytes(b"a private sample")
    if shell.version == "2":
        printed = shell.printed(*arguments)
        assert (printed.text, printed.exit_code, "VT_API_VERSION=3" in printed.stderr) == ("", 2, True)
        return
    answer = shell.answer(*arguments, "--wait", "60")
    assert (answer["data"]["type"], answer["data"]["attributes"]["status"]) == ("private_analysis", "completed")
    assert {request.path.split("/")[3] for request in sandbox.all_requests} == {"private"}
    shown = shell.answer("get_analysis", answer["data"]["id"], "--private")
    assert shown["data"]["id"] == answer["data"]["id"]


def test_a_private_report_is_the_one_that_the_action_reads(tmp_path: Path) -> None:
    # With the time of the processes, because private reports expire.
    config = SandboxConfig(queued_s=0, completed_s=0, licences=EVERY_LICENCE)
    with SandboxServer(Quota.unlimited(), config=config) as sandbox:
        shell = Shell(sandbox, tmp_path, "3")
        (shell.folder / "sample.bin").write_bytes(b"a private sample")
        file_id = shell.action("scan_file", "sample.bin", "--private", "--wait", "60")["data"]["id"]
        shell.action("scan_url", MISSING, "--private", "--wait", "60")
        for action, value in (("lookup_private_file", file_id), ("lookup_private_url", MISSING)):
            assert shell.answer(action, value)["data"]["id"] == shell.action(action, value)["data"]["id"]
        assert {request.path.split("/")[3] for request in sandbox.all_requests} == {"private"}


def test_an_option_of_private_scans_does_not_make_a_public_one(shell: Shell) -> None:
    (shell.folder / "sample.bin").write_bytes(b"a private sample")
    printed = shell.printed("scan_file", "sample.bin", "--retention-days", "3")
    assert (printed.text, printed.exit_code, "add private: true" in printed.stderr) == ("", 2, True)
