"""Every recorded answer goes, over HTTP, through the action that would meet it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from connectors.schemas_check import all_violations
from connectors.virustotal.origin import checked_upload_url
from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, answer
from tests.verdict.recordings import SAMPLES
from tests.virustotal.house import core_at

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no recorded answers at {SAMPLES}; set VT_SAMPLES")
RECORDINGS = sorted(SAMPLES.rglob("*.json")) if SAMPLES.is_dir() else []
RECORDINGS = [path for path in RECORDINGS if path.name != "manifest.json"]

SHA256 = "ab" * 32
HASH, URL = {"hash": SHA256}, {"url": "http://www.example.com/"}
DOMAIN, IP = {"domain": "example.com"}, {"ip": "8.8.8.8"}
FILE = {"content_base64": base64.b64encode(b"x").decode()}
ABOUT = {"indicator": SHA256}
SAID = {**ABOUT, "comment": "seen"}

# What a recording's path begins with, the actions that would meet it, and how they end. None: by its own content.
Meeting = tuple[str, str, dict[str, Any], "str | None"]
MEETINGS: list[Meeting] = [
    ("v3/files/", "lookup_hash", HASH, "ok"),
    ("v3/urls/", "lookup_url", URL, "ok"),
    ("v3/domains/", "lookup_domain", DOMAIN, "ok"),
    ("v3/ip_addresses/", "lookup_ip", IP, "ok"),
    ("v3/comments/", "get_comments", ABOUT, "ok"),
    ("v3/votes/file_votes_list", "get_comments", ABOUT, "ok"),
    ("v3/votes/url_votes_list", "get_comments", ABOUT, "ok"),
    ("v3/votes/file_vote_post", "add_comment", SAID, "outcome_unknown"),
    ("v3/resolutions/domain", "passive_dns", DOMAIN, "ok"),
    ("v3/resolutions/ip", "passive_dns", IP, "ok"),
    ("v3/resolutions/", "passive_dns", DOMAIN, "ok"),
    ("v3/search/", "get_comments", ABOUT, "ok"),
    ("v3/analyses/file_upload_post", "scan_file", FILE, "pending"),
    ("v3/analyses/file_analyse_post", "rescan_file", HASH, "pending"),
    ("v3/analyses/url_analyse_post", "scan_url", URL, "pending"),
    ("v3/analyses/url_analysis_completed", "get_analysis", {"analysis_id": f"u-{SHA256}-1"}, "ok"),
    ("v3/errors/401", "lookup_hash", HASH, "access_denied"),
    ("v3/errors/404_NotFoundError_file", "lookup_hash", HASH, "not_found"),
    ("v3/errors/404", "add_comment", SAID, "not_found"),
    ("v3/errors/429", "lookup_hash", HASH, "rate_limited"),
    ("v3/errors/", "lookup_hash", HASH, None),
    ("v2/file_report_not_found", "lookup_hash", HASH, "not_found"),
    ("v2/file_report", "lookup_hash", HASH, "ok"),
    ("v2/file_scan", "scan_file", FILE, "pending"),
    ("v2/file_rescan", "rescan_file", HASH, "pending"),
    ("v2/file_behaviour_not_found", "lookup_hash", HASH, "not_found"),
    ("v2/file_search", "lookup_hash", HASH, "not_found"),
    ("v2/url_report_scan0", "lookup_url", URL, "not_found"),
    ("v2/url_report", "lookup_url", URL, "ok"),
    ("v2/url_scan", "scan_url", URL, "pending"),
    ("v2/domain_report_not_found", "lookup_domain", DOMAIN, "not_found"),
    ("v2/domain_report", "lookup_domain", DOMAIN, "ok"),
    ("v2/domain_report_not_found", "passive_dns", DOMAIN, "not_found"),
    ("v2/domain_report", "passive_dns", DOMAIN, "ok"),
    ("v2/ip_report", "lookup_ip", IP, "ok"),
    ("v2/ip_report", "passive_dns", IP, "ok"),
    ("docs_examples/v2_comments_get", "get_comments", ABOUT, "ok"),
    ("docs_examples/v2_comments_put", "add_comment", SAID, "ok"),
    ("docs_examples/v3_409", "add_comment", SAID, "conflict"),
    ("docs_examples/v3_comments", "get_comments", ABOUT, "ok"),
    ("docs_examples/v3_search", "get_comments", ABOUT, "ok"),
    ("docs_examples/v3_ip_votes_list", "get_comments", ABOUT, "ok"),
    ("docs_examples/v3_ip_vote_post", "add_comment", SAID, "outcome_unknown"),
    ("docs_examples/v3_files_post_200", "scan_file", FILE, "pending"),
    ("docs_examples/v3_files_post_401", "scan_file", FILE, "access_denied"),
    ("docs_examples/v3_user", "quota", {}, "ok"),
]
_ADDRESS = "v3/analyses/upload_url"


def name_of(path: Path) -> str:
    return path.relative_to(SAMPLES).as_posix()


def meetings(name: str) -> list[Meeting]:
    """The first fitting row of each action."""
    found: dict[str, Meeting] = {}
    for meeting in MEETINGS:
        if name.startswith(meeting[0]):
            found.setdefault(meeting[1], meeting)
    return list(found.values())


def replayed(path: Path, action: str, params: dict[str, Any]) -> dict[str, Any]:
    """The answer of `action` where the recording is what VirusTotal says to everything."""
    name, body = name_of(path), path.read_bytes()
    document = json.loads(body)
    if isinstance(document, dict) and document.get("type") in ("file", "url", "domain", "ip_address"):
        body = json.dumps({"data": document}).encode()  # kept without its envelope
    said = re.search(r"(?:^|[/_])(4\d\d|5\d\d)(?:_|\.)", name)
    with ScriptedServer() as server:
        server.script(answer(int(said[1]) if said else 200, body, {"Content-Type": "application/json"}))
        core = core_at(server.url, FakeClock(), VT_API_VERSION="2" if re.search("(^|/)v2[/_]", name) else "3")
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
