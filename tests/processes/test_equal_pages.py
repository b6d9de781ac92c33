"""Eight real processes that ask for the same relationships, behaviour and searches fetch each page once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.workers import Member, askers
from tests.vtaction_process import EICAR, RunnerProcess, vtaction_process
from vt_connectors.sandbox import EVERY_LICENCE, Quota, SandboxConfig, SandboxServer

PROCESSES = 8
INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"


def request(action: str, **params: Any) -> dict[str, Any]:
    return {"action": action, "params": params}


PAGES = [
    request("relationships", indicator="malicious.example", relationship="communicating_files", limit=80),
    request("relationships", indicator=INVOICE, relationship="dropped_files", full=True),
    request("relationships", indicator="malicious.example", relationship="siblings"),
    request("behaviour", hash=INVOICE),
    request("get_votes", indicator=EICAR, limit=10),
    request("search", query="#phishing"),
    request("intelligence_search", query="entity:file p:5+", limit=10),
    request("vt_get", path="attack_techniques/T1055"),
]
# There are 55 communicating files, on two pages; behaviour has two parts.
REQUESTS = 10
LICENSED = [
    request("intelligence_search", query="entity:file p:5+"),
    request("intelligence_search", query="entity:url p:5+"),
    request("relationships", indicator="malicious.example", relationship="urls"),
    request("relationships", indicator="suspicious.example", relationship="urls"),
    request("ioc_stream", since="2025-12-30T03:04:05Z"),
]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[SandboxServer]:
    licences = EVERY_LICENCE if getattr(request, "param", True) else frozenset()
    with SandboxServer(Quota.unlimited(), latency_s=0.05, config=SandboxConfig(licences=licences)) as sandbox:
        yield sandbox


@pytest.fixture(params=["file", "redis"])
def runner(request: pytest.FixtureRequest, server: SandboxServer, tmp_path: Path) -> RunnerProcess:
    process = vtaction_process(server, tmp_path)
    if request.param == "redis":
        process.environment["VT_STATE"] = request.getfixturevalue("redis_process").url
    return process


def test_each_page_is_requested_once_and_all_processes_get_every_answer(
    server: SandboxServer, runner: RunnerProcess, tmp_path: Path
) -> None:
    found = [_data_by_request(member) for member in askers(runner, tmp_path, PROCESSES, PAGES)]
    assert all(one == found[0] for one in found)
    assert len(found[0]) == len(PAGES)
    asked = Counter(each.path for each in server.requests)
    two_pages = "/api/v3/domains/malicious.example/relationships/communicating_files"
    assert asked == {path: 2 if path == two_pages else 1 for path in asked}
    assert sum(asked.values()) == REQUESTS


@pytest.mark.parametrize("server", [False], indirect=True)
def test_a_missing_licence_costs_each_process_a_request_for_each_kind_of_call_at_most(
    server: SandboxServer, runner: RunnerProcess, tmp_path: Path
) -> None:
    for member in askers(runner, tmp_path, PROCESSES, LICENSED):
        errors = [answer["error"] for answer in member.answers()]
        assert [(error["code"], error["details"]["licence"]) for error in errors] == [("forbidden", "premium")] * 5
    kinds = Counter(_kind(each.path) for each in server.requests)
    assert set(kinds) == {"intelligence", "domains", "ioc_stream"}
    assert max(kinds.values()) <= PROCESSES, kinds


def _kind(path: str) -> str:
    return path.split("?")[0].split("/")[3]


def _data_by_request(member: Member) -> dict[str, Any]:
    """The data of the answers, by their action and what they are about."""
    answers = member.answers()
    assert {answer["status"] for answer in answers} == {"ok"}, [answer["summary"] for answer in answers]
    assert member.process.returncode == 0
    return {json.dumps([answer["action"], answer["summary"]]): answer["data"] for answer in answers}
