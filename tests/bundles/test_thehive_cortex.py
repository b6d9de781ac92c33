"""The bundle for TheHive Cortex, run as Cortex runs it, with Cortex's library."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from package.bundles.thehive_cortex.flavours import FLAVOURS
from tests.http.served_process import served
from tests.soar.outcomes import EICAR, UNKNOWN_HASH
from vt_connectors.sandbox import SandboxServer

from .cortex_process import Cortex
from .setting import KEY, Setting, setting

SERVICES = ("Lookup", "Scan", "Rescan", "PassiveDNS")


@pytest.fixture
def here(sandbox: SandboxServer, tmp_path: Path) -> Setting:
    return setting(sandbox, tmp_path)


@pytest.fixture
def cortex(here: Setting) -> Cortex:
    return Cortex(here)


@pytest.fixture
def remote(sandbox: SandboxServer, tmp_path: Path) -> Iterator[tuple[Cortex, dict[str, str]]]:
    """Cortex without a key, and the configuration of a server that has it."""
    folder = tmp_path / "server"
    folder.mkdir()
    with served(sandbox, folder) as server:
        here = setting(sandbox, tmp_path)
        environment = {name: value for name, value in here.environment.items() if not name.startswith("VT_")}
        yield Cortex(here._replace(environment=environment)), {"url": server.address, "key": server.token}


@pytest.mark.parametrize("by_stdin", [False, True])
def test_a_job_is_answered_and_only_where_cortex_reads(cortex: Cortex, by_stdin: bool) -> None:
    report = cortex.run("Lookup", "hash", EICAR, by_stdin=by_stdin, is_started=True)
    assert report.document["success"] is True
    assert report.taxonomy == ("malicious", "62/68")
    assert report.document["full"]["data"]["label"] == "virus.eicar/test"
    assert (report.exit_code, report.stderr) == (0, "")
    assert by_stdin or report.stdout == ""


def test_only_the_files_other_hashes_become_observables(cortex: Cortex) -> None:
    artifacts = cortex.run("Lookup", "hash", EICAR).document["artifacts"]
    assert [(one["dataType"], len(one["data"])) for one in artifacts] == [("hash", 40), ("hash", 64)]
    assert cortex.run("Lookup", "hash", EICAR, config={"auto_extract": False}).document["artifacts"] == []


def test_unknown_and_private_values_are_answers(cortex: Cortex, sandbox: SandboxServer) -> None:
    assert cortex.run("Lookup", "hash", UNKNOWN_HASH).taxonomy == ("info", "not found")
    before = len(sandbox.all_requests)
    assert cortex.run("Lookup", "ip", "10.0.0.1").taxonomy == ("info", "not sent")
    assert len(sandbox.all_requests) == before


@pytest.mark.parametrize(
    ("config", "value", "begins"),
    [
        ({"key": "wrong-key"}, EICAR, "access_denied: "),
        ({}, "../users/me", "invalid_indicator: "),
        ({"url": "ftp://x", "key": "t"}, EICAR, "config_error: "),
        ({"url": "http://127.0.0.1:1", "key": "t"}, EICAR, "unavailable: "),
        ({"settings": "/does/not/exist.json"}, EICAR, "config_error: "),
    ],
)
def test_a_failure_is_a_failed_job_that_says_why(
    cortex: Cortex, config: dict[str, str], value: str, begins: str
) -> None:
    report = cortex.run("Lookup", "hash", value, config=config)
    assert report.document["success"] is False
    assert report.document["errorMessage"].startswith(begins)
    assert report.exit_code == 1
    shown = json.dumps(report.document) + report.stdout + report.stderr
    assert "wrong-key" not in shown
    assert KEY not in shown


def test_a_used_up_quota_fails_at_once_and_says_when_it_is_free_again(sandbox: SandboxServer, tmp_path: Path) -> None:
    cortex = Cortex(setting(sandbox, tmp_path, VT_QUOTA="1/month"))
    assert cortex.run("Lookup", "domain", "example.com").document["success"] is True
    message = cortex.run("Lookup", "domain", "example.org").document["errorMessage"]
    assert re.fullmatch(r"rate_limited: .* Try again in \d+ s\.", message)
    assert cortex.run("Lookup", "domain", "example.com").document["full"]["meta"]["source"] == "cache"


@pytest.mark.parametrize("limits", [{"tlp": 3}, {"pap": 3}])
def test_what_must_not_leave_is_not_asked_for(cortex: Cortex, sandbox: SandboxServer, limits: dict[str, Any]) -> None:
    report = cortex.run("Lookup", "hash", EICAR, **limits)
    assert report.document["errorMessage"] in ("TLP is higher than allowed.", "PAP is higher than allowed.")
    assert sandbox.all_requests == []


def test_a_scan_makes_things_public_so_its_limits_are_lower(cortex: Cortex) -> None:
    assert cortex.definition("Scan")["config"]["max_tlp"] < cortex.definition("Lookup")["config"]["max_tlp"]
    assert all(cortex.definition(name)["config"]["check_tlp"] for name in (*SERVICES, "Tag"))


def test_a_file_is_looked_up_by_its_hash_and_never_sent(cortex: Cortex, sandbox: SandboxServer) -> None:
    content = b"a file that stays here"
    report = cortex.run("Lookup", "file", "../../a report.doc", file=content)
    assert report.document["full"]["data"]["indicator"] == hashlib.sha256(content).hexdigest()
    assert [request.method for request in sandbox.requests] == ["GET"]


@pytest.mark.parametrize("flavour", ["Lookup", "Scan"])
def test_only_a_file_of_the_job_is_read(cortex: Cortex, sandbox: SandboxServer, flavour: str) -> None:
    (cortex.bundle / "a.doc").write_bytes(b"another job's")
    outside = cortex.run(flavour, "file", "a.doc", file=b"", file_name="../../bundle-thehive_cortex/a.doc")
    by_stdin = cortex.run(flavour, "file", "a.doc", file=b"content", by_stdin=True)
    for report in (outside, by_stdin):
        assert report.document["errorMessage"].startswith("invalid_request: there is no file")
    assert sandbox.all_requests == []


def test_each_flavour_does_its_action(cortex: Cortex) -> None:
    content = b"a file for a scan"
    jobs: tuple[tuple[str, str, str, bytes | None], ...] = (
        ("Scan", "file", "invoice.doc", content),
        ("Scan", "url", "http://malicious.example/payload.bin", None),
        ("Rescan", "hash", EICAR, None),
        ("PassiveDNS", "domain", "example.com", None),
        ("Lookup", "fqdn", "malicious.example", None),
    )
    with ThreadPoolExecutor(len(jobs)) as pool:
        reports = list(pool.map(lambda job: cortex.run(*job[:3], file=job[3]), jobs))
    for (flavour, *_), report in zip(jobs, reports):
        assert report.document["success"], report.document
        [taxonomy] = report.document["summary"]["taxonomies"]
        assert taxonomy["predicate"] == flavour.lower()
        assert report.document["full"]["outcome"] == "found"
    assert reports[0].document["full"]["data"]["id"] == hashlib.sha256(content).hexdigest()


def test_a_server_answers_where_nothing_of_ours_is_installed(
    remote: tuple[Cortex, dict[str, str]], sandbox: SandboxServer
) -> None:
    cortex, config = remote
    assert cortex.run("Lookup", "hash", EICAR, config=config).taxonomy == ("malicious", "62/68")
    scanned = cortex.run("Scan", "file", "a.txt", file=b"a small file", config=config)
    assert scanned.document["full"]["outcome"] == "found"
    too_large = cortex.run("Scan", "file", "a.bin", file=bytes(800_000), config=config)
    assert too_large.document["errorMessage"].startswith("too_large: ")
    report = cortex.run("Lookup", "hash", EICAR, config={**config, "key": "not-a-token"})
    assert report.document["errorMessage"].startswith("access_denied: ")
    assert "not-a-token" not in json.dumps(report.document)


def test_the_responder_tags_an_observable_with_the_verdict(cortex: Cortex) -> None:
    def tags(artifact: dict[str, object]) -> list[str]:
        report = cortex.run("Tag", "thehive:case_artifact", artifact, parameters={"user": "analyst"})
        assert report.document["full"]["message"]
        return [one["tag"] for one in report.document["operations"] if one["type"] == "AddTagToArtifact"]

    assert tags({"dataType": "hash", "data": EICAR}) == ["VT:malicious"]
    assert tags({"dataType": "file", "attachment": {"hashes": ["0" * 40, UNKNOWN_HASH]}}) == ["VT:not found"]
    assert tags({"dataType": "ip", "data": "10.0.0.1"}) == []


def test_cortex_finds_all_that_it_needs(cortex: Cortex) -> None:
    for name in (*SERVICES, "Tag"):
        definition = cortex.definition(name)
        [program] = cortex.bundle.glob(f"*/{definition['command']}")
        assert program.stat().st_mode & stat.S_IXUSR
        assert program.read_text("utf-8").startswith("#!/usr/bin/env python3\n")
        assert {"name", "version", "author", "url", "license", "description", "dataTypeList"} <= set(definition)
    for flavour in FLAVOURS:
        folder = f"VTConnectors_{flavour.name}_{cortex.definition(flavour.name)['version'].replace('.', '_')}"
        assert (cortex.bundle / "thehive-templates" / folder / "long.html").is_file()
        assert (cortex.bundle / "thehive-templates" / folder / "short.html").is_file()
