"""Which action would meet which recorded answer."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.verdict.recordings import SAMPLES

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


@dataclass(frozen=True)
class Said:
    """What VirusTotal said: to which version of the API, with which status."""

    version: str
    status: int
    body: str


def recordings() -> list[Path]:
    """All; none where they are not kept."""
    found = sorted(SAMPLES.rglob("*.json")) if SAMPLES.is_dir() else []
    return [path for path in found if path.name != "manifest.json"]


def said_in(path: Path) -> Said:
    name, body = name_of(path), path.read_text("utf-8")
    document = json.loads(body)
    if isinstance(document, dict) and document.get("type") in ("file", "url", "domain", "ip_address"):
        body = json.dumps({"data": document})  # kept without its envelope
    status = re.search(r"(?:^|[/_])(4\d\d|5\d\d)(?:_|\.)", name)
    return Said("2" if re.search("(^|/)v2[/_]", name) else "3", int(status[1]) if status else 200, body)


def name_of(path: Path) -> str:
    return path.relative_to(SAMPLES).as_posix()


def meetings(name: str) -> list[Meeting]:
    """The first fitting row of each action."""
    found: dict[str, Meeting] = {}
    for meeting in MEETINGS:
        if name.startswith(meeting[0]):
            found.setdefault(meeting[1], meeting)
    return list(found.values())
