"""Recorded answers of private scanning, if they are there.

It runs on one Python: how an answer is translated does not depend on it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, json_answer
from tests.virustotal.house import core_at
from vt_connectors.contract.validation import all_violations

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "samples-depth"
# Read before the environment of a test is cleared.
PRIVATE = Path(os.environ.get("VT_SAMPLES_DEPTH") or _BESIDE) / "private"

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not PRIVATE.is_dir(), reason=f"no recordings at {PRIVATE}; set VT_SAMPLES_DEPTH"),
]


def recorded(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PRIVATE / name).read_text("utf-8"))
    return document


def replayed(document: Mapping[str, Any], action: str, status: int = 200, **params: Any) -> Mapping[str, Any]:
    """The answer of `action` before the recorded report has expired, if VirusTotal returns it for every request."""
    data = document.get("data")
    attributes = data.get("attributes", {}) if isinstance(data, dict) else {}
    clock = FakeClock(attributes.get("expiration", 1_767_323_045) - 3600)
    with ScriptedServer() as server:
        server.script(json_answer(status, document))
        core = core_at(server.url, clock)
        request = {"action": action, "params": params, "options": {"include": ["raw", "engines"]}}
        response = core.answer(request)
        core.close()
    assert all_violations("response.json", response) == []
    if response["error"] is None:
        assert all_violations(f"results/{action}.json", response["data"]) == []
    return response


@pytest.mark.parametrize("name", ["private_file_report_gti_2025.json", "private_file_docs_2021.json"])
def test_a_recorded_file_is_answered(name: str) -> None:
    document = recorded(name)
    data = replayed(document, "lookup_private_file", hash=document["data"]["id"])["data"]
    assert data["verdict"] == ("undetected" if "gti" in name else "unknown")
    assert data["id"] == document["data"]["id"]
    assert data["raw"] == document["data"]


def test_a_recorded_file_whose_id_is_a_placeholder_is_not_taken_for_another() -> None:
    response = replayed(recorded("private_file_fixture_2023.json"), "lookup_private_file", hash="7e" * 32)
    assert response["error"]["code"] == "invalid_response"


@pytest.mark.parametrize("name", ["private_url_report_gti_2025.json", "private_url_one_engine_2025.json"])
def test_a_recorded_url_is_answered(name: str) -> None:
    document = recorded(name)
    data = replayed(document, "lookup_private_url", url=document["data"]["attributes"]["url"])["data"]
    has_one = "one_engine" in name
    assert ("stats" in data) == has_one
    assert has_one <= (data["verdict"] == "unknown")
    assert data["expires"]


def test_a_recorded_submission_and_analysis_are_answered() -> None:
    accepted = recorded("private_file_post_docs.json")
    assert replayed(accepted, "scan_url", url="http://a.example/", private=True)["status"] == "pending"
    analysis = recorded("private_analysis_docs.json")
    response = replayed(analysis, "get_analysis", analysis_id=analysis["data"]["id"], private=True)
    # The same document in the place of the report is not the file's.
    assert response["error"]["code"] == "invalid_response"


def test_the_recorded_refusal_is_that_of_the_key() -> None:
    response = replayed(recorded("private_file_401_docs.json"), "lookup_private_file", 401, hash="7e" * 32)
    assert response["error"]["code"] == "access_denied"
