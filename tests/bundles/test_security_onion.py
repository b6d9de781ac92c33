"""The analyzer for Security Onion, started as its agent starts it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.http.served_process import served
from tests.soar.outcomes import EICAR, UNKNOWN_HASH
from vt_connectors.sandbox import SandboxServer

from .sensoroni import Sensoroni, sensoroni
from .setting import KEY, Setting, built, setting


@pytest.fixture
def here(sandbox: SandboxServer, tmp_path: Path) -> Setting:
    return setting(sandbox, tmp_path)


@pytest.fixture
def agent(here: Setting) -> Sensoroni:
    return sensoroni(here, {}, with_package=True)


@pytest.mark.parametrize(
    ("kind", "value", "status", "summary"),
    [
        ("hash", EICAR, "threat", "malicious 62/68"),
        ("hash", UNKNOWN_HASH, "info", "unknown to VirusTotal"),
        ("ip", "10.0.0.1", "info", "not sent to VirusTotal"),
        ("fqdn", "malicious.example", "threat", None),
        ("url", "https://suspicious.example/free-gift", "caution", None),
    ],
)
def test_an_artifact_has_a_status_and_a_short_summary(
    agent: Sensoroni, kind: str, value: str, status: str, summary: str | None
) -> None:
    result = agent.analyze({"artifactType": kind, "value": value})
    assert result is not None
    assert result["status"] == status
    assert summary in (None, result["summary"])
    assert "error" not in result


@pytest.mark.parametrize(
    "artifact", [{"artifactType": "mail", "value": "a@b.example"}, {"artifactType": "hash"}, {}, "text"]
)
def test_what_is_not_for_it_is_left_to_others(agent: Sensoroni, artifact: Any) -> None:
    assert agent.analyze(artifact) is None


def test_a_failure_is_caution_with_its_reason(here: Setting, sandbox: SandboxServer) -> None:
    agent = sensoroni(here, {"key": "wrong-key"}, with_package=True)
    result = agent.analyze({"artifactType": "domain", "value": "example.edu"})
    assert result is not None
    assert (result["status"], result["summary"]) == ("caution", "access_denied")
    assert result["error"].startswith("access_denied: ")
    assert "wrong-key" not in json.dumps(result)


def test_without_server_and_package_it_says_what_to_do(here: Setting) -> None:
    result = sensoroni(here, {}, with_package=False).analyze({"artifactType": "hash", "value": EICAR})
    assert result is not None
    assert result["error"].startswith("config_error: there is no server's address")


def test_a_server_answers_where_nothing_of_ours_is_installed(here: Setting, sandbox: SandboxServer) -> None:
    folder = here.for_platform("server").folder
    with served(sandbox, folder) as server:
        agent = sensoroni(here, {"url": server.address, "key": server.token}, with_package=False)
        result = agent.analyze({"artifactType": "hash", "value": EICAR})
    assert result is not None
    assert (result["status"], result["response"]["data"]["label"]) == ("threat", "virus.eicar/test")
    assert KEY not in json.dumps(result)


def test_another_configuration_can_be_named_and_a_wrong_one_is_an_error(agent: Sensoroni, tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("url: http://127.0.0.1:1", "utf-8")
    result = agent.analyze({"artifactType": "hash", "value": EICAR}, "-c", str(config))
    assert result is not None
    assert result["summary"] == "config_error"


def test_salt_renders_only_the_configuration(tmp_path: Path) -> None:
    """Salt renders each file of the folder with Jinja."""
    for path in built("security_onion", tmp_path).glob("vtconnectors/*"):
        is_template = any(mark in path.read_text("utf-8") for mark in ("{{", "{%", "{#"))
        assert is_template == (path.suffix == ".yaml"), path.name
    rendered = (tmp_path / "bundle-security_onion/vtconnectors/vtconnectors.yaml").read_text("utf-8")
    assert rendered.count("salt['pillar.get']('sensoroni:analyzers:vtconnectors:") == 3


def test_the_stock_analyzer_shares_the_cache_by_the_pass_through(sandbox: SandboxServer, tmp_path: Path) -> None:
    """Its only call is a search, with the artifact behind the address of its configuration."""
    with served(sandbox, tmp_path) as server:
        answer = requests.get(
            f"{server.address}/api/v3/search?query={EICAR}", headers={"x-apikey": server.token}, timeout=60
        )
        [found] = answer.json()["data"]
        response = server.run({"action": "lookup_hash", "params": {"hash": EICAR}}).json()
    assert found["attributes"]["last_analysis_stats"]["malicious"] == 62
    assert response["meta"]["source"] == "cache"
    assert len(sandbox.requests) == 1
