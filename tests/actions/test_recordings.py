"""Every recorded answer goes, over HTTP, through the action that would meet it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, answer
from tests.verdict.recordings import SAMPLES
from tests.virustotal.house import core_at
from vt_connectors.contract.validation import all_violations
from vt_connectors.virustotal.http.upload_url import checked_upload_url

from .meetings import DOMAIN, HASH, IP, SHA256, URL, about, meetings, name_of, of_our_file, recordings, said_in

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no recorded answers at {SAMPLES}; set VT_SAMPLES")
RECORDINGS = recordings()
_ADDRESS = "v3/analyses/upload_url"


def replayed(path: Path, action: str, params: dict[str, Any]) -> Mapping[str, Any]:
    """The answer of `action` if VirusTotal returns the recording for every request."""
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


@pytest.mark.parametrize("path", RECORDINGS, ids=name_of)
def test_every_recording_is_met_by_an_action_and_answered_in_the_contracts_form(path: Path) -> None:
    name = name_of(path)
    if name.startswith(_ADDRESS):
        address = json.loads(path.read_text("utf-8"))["data"]
        assert checked_upload_url(address, "https://www.virustotal.com") == address
        return
    rows = meetings(name)
    assert rows, "no action is known that would meet this recording"
    for _, action, params, expected in rows:
        found = replayed(path, action, params)
        outcome = found["error"]["code"] if found["error"] else found["status"]
        assert expected in (outcome, None), found["summary"]
        assert outcome != "internal"
        assert all_violations("response.json", found) == []
        assert "testapikey" not in json.dumps(found)


def recorded(name: str, action: str, params: dict[str, Any]) -> dict[str, Any]:
    if not (SAMPLES / name).is_file():
        pytest.skip(f"no recorded answer {name}")
    data: dict[str, Any] = replayed(SAMPLES / name, action, params)["data"]
    return data


@pytest.mark.parametrize(
    "name", ["file_report_found_malicious_2019", "file_report_found_zeus_2018", "url_report_found_2019"]
)
def test_v2s_own_counts_are_kept(name: str) -> None:
    document = json.loads((SAMPLES / f"v2/{name}.json").read_text("utf-8"))
    action, params = ("lookup_url", URL) if name.startswith("url") else ("lookup_hash", HASH)
    data = recorded(f"v2/{name}.json", action, params)
    assert data["stats"]["malicious"] == document["positives"]
    assert data["stats"]["total"] == document["total"] == len(data["engines"])
    assert data["id"] == document["scan_id"].split("-")[0]


def test_v2s_number_of_a_network_may_be_text() -> None:
    data = recorded("v2/ip_report_passive_dns_8.8.8.8_2014.json", "lookup_ip", IP)
    assert (data["asn"], data["verdict"]) == (15169, "unknown")


def test_resolutions_without_meta_or_cursor_are_the_last_page() -> None:
    data = recorded("v3/resolutions/domain_one_2_no_cursor.json", "passive_dns", DOMAIN)
    assert (len(data["resolutions"]), data["more"]) == (2, False)
    assert recorded("v3/resolutions/siblings_empty_no_meta.json", "passive_dns", DOMAIN)["resolutions"] == []
    assert recorded("v3/resolutions/domain_none_cursor_empty_string.json", "passive_dns", DOMAIN)["more"] is False


def test_an_analysis_tells_its_url_and_its_counts() -> None:
    data = recorded("v3/analyses/url_analysis_completed_2020.json", "get_analysis", {"analysis_id": f"u-{SHA256}-1"})
    assert data["type"] == "url"
    assert data["stats"]["total"] > 60
    assert data["last_analysis"] == "2020-09-03T08:37:11Z"


def test_an_analysis_id_may_be_a_number() -> None:
    data = recorded("v3/analyses/file_analyse_post_2019_short.json", "rescan_file", HASH)
    assert data["analysis_id"] == "1571524923"
