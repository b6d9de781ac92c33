"""Every answer, written or recorded, goes over HTTP through the action that would meet it.

It runs on one Python: how an answer is translated does not depend on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, answer
from tests.verdict.recordings import RECORDED_ONLY, SAMPLES, WRITTEN, each_answer, name_of
from tests.virustotal.house import core_at
from vt_connectors.clock import iso
from vt_connectors.contract.validation import all_violations
from vt_connectors.virustotal.http.given_urls import checked_upload_url

from .meetings import DOMAIN, HASH, IP, SHA256, URL, about, meetings, of_our_file, said_in

pytestmark = pytest.mark.once

_ADDRESS = "v3/analyses/upload_url"


def replayed(path: Path, action: str, params: dict[str, Any]) -> Mapping[str, Any]:
    """The answer of `action` if VirusTotal returns that document for every request."""
    said = said_in(path)
    document = json.loads(said.body)
    if action == "scan_file" and said.status == 200:
        document = of_our_file(document) if said.version == "3" else document
    with ScriptedServer() as server:
        body = json.dumps(document).encode()
        server.script(answer(said.status, body, {"Content-Type": "application/json"}))
        core = core_at(server.url, FakeClock(), VT_API_VERSION=said.version)
        params = about(action, params, document) if said.status == 200 else params
        request = {"action": action, "params": params, "options": {"include": ["raw", "engines"]}}
        return core.answer({**request, "auth": {"api_key": "testapikey"}})


@pytest.mark.parametrize("path", each_answer())
def test_every_answer_is_met_by_an_action_and_answered_in_the_contracts_form(path: Path) -> None:
    name = name_of(path)
    if name.startswith(_ADDRESS):
        address = json.loads(path.read_text("utf-8"))["data"]
        assert checked_upload_url(address, "https://www.virustotal.com") == address
        return
    rows = meetings(name)
    assert rows, "no action is known that would meet this answer"
    for _, action, params, expected in rows:
        found = replayed(path, action, params)
        outcome = found["error"]["code"] if found["error"] else found["status"]
        assert expected in (outcome, None), found["summary"]
        assert outcome != "internal"
        assert all_violations("response.json", found) == []
        assert "testapikey" not in json.dumps(found)


def each(written: list[str], recorded: list[str]) -> list[Any]:
    """Parameters of a test: written answers, and recorded ones if they are here."""
    return [
        *(pytest.param(WRITTEN / name, id=f"written-{name}") for name in written),
        *(pytest.param(SAMPLES / name, id=name, marks=RECORDED_ONLY) for name in recorded),
    ]


@pytest.mark.parametrize(
    "path",
    each(
        ["v2/file_report_found_malicious.json", "v2/file_report_found_clean.json", "v2/url_report_found.json"],
        [
            "v2/file_report_found_malicious_2019.json",
            "v2/file_report_found_zeus_2018.json",
            "v2/url_report_found_2019.json",
        ],
    ),
)
def test_v2s_own_counts_are_kept(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))
    action, params = ("lookup_url", URL) if path.name.startswith("url") else ("lookup_hash", HASH)
    data = replayed(path, action, params)["data"]
    assert data["stats"]["malicious"] == document["positives"]
    assert data["stats"]["total"] == document["total"] == len(data["engines"])
    assert data["id"] == document["scan_id"].split("-")[0]


@pytest.mark.parametrize(
    "path", each(["v2/ip_report_asn_as_text.json"], ["v2/ip_report_passive_dns_8.8.8.8_2014.json"])
)
def test_v2s_number_of_a_network_may_be_text(path: Path) -> None:
    data = replayed(path, "lookup_ip", IP)["data"]
    assert (str(data["asn"]), data["verdict"]) == (json.loads(path.read_text("utf-8"))["asn"], "unknown")
    assert isinstance(data["asn"], int)


@pytest.mark.parametrize(
    "path", each(["v3/resolutions/domain_two_no_cursor.json"], ["v3/resolutions/domain_one_2_no_cursor.json"])
)
def test_resolutions_without_a_cursor_are_the_last_page(path: Path) -> None:
    data = replayed(path, "passive_dns", DOMAIN)["data"]
    assert (len(data["resolutions"]), data["more"]) == (2, False)


_EMPTY = ["v3/resolutions/siblings_empty_no_meta.json", "v3/resolutions/domain_none_cursor_empty_string.json"]


@pytest.mark.parametrize("path", each(_EMPTY, _EMPTY))
def test_no_resolutions_without_meta_or_with_an_empty_cursor_are_the_last_page(path: Path) -> None:
    data = replayed(path, "passive_dns", DOMAIN)["data"]
    assert (data["resolutions"], data["more"]) == ([], False)


@pytest.mark.parametrize(
    "path", each(["v3/analyses/url_analysis_completed.json"], ["v3/analyses/url_analysis_completed_2020.json"])
)
def test_an_analysis_tells_its_url_and_its_counts(path: Path) -> None:
    attributes = json.loads(path.read_text("utf-8"))["data"]["attributes"]
    data = replayed(path, "get_analysis", {"analysis_id": f"u-{SHA256}-1"})["data"]
    assert data["type"] == "url"
    counted = [name for name in ("malicious", "suspicious", "harmless", "undetected") if name in attributes["stats"]]
    assert data["stats"]["total"] == sum(attributes["stats"][name] for name in counted) > 0
    assert data["last_analysis"] == iso(attributes["date"])


@pytest.mark.parametrize(
    "path", each(["v3/analyses/file_analyse_post_number.json"], ["v3/analyses/file_analyse_post_2019_short.json"])
)
def test_an_analysis_id_may_be_a_number(path: Path) -> None:
    number = json.loads(path.read_text("utf-8"))["data"]["id"]
    assert isinstance(number, int)
    assert replayed(path, "rescan_file", HASH)["data"]["analysis_id"] == str(number)
