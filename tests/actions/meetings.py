"""The actions that could get each written or recorded response."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.verdict.recordings import name_of

SHA256 = "ab" * 32
HASH, URL = {"hash": SHA256}, {"url": "http://www.example.com/"}
DOMAIN, IP = {"domain": "example.com"}, {"ip": "8.8.8.8"}
# The content that was sent in some of them.
CONTENT = b"\n"
FILE = {"content_base64": base64.b64encode(CONTENT).decode()}
# For some recordings only the URL's id is known; VirusTotal's canonical form of a URL with a port is not known.
UNKNOWN_URL = {"url": "http://www.example.com:81/"}
ABOUT = {"indicator": SHA256}
SAID = {**ABOUT, "comment": "seen"}

# The beginning of a recording's path, the actions for it, and their expected error. None: depends on its content.
Meeting = tuple[str, str, dict[str, Any], "str | None"]
MEETINGS: list[Meeting] = [
    ("v3/files/", "lookup_hash", HASH, "ok"),
    ("v3/urls/", "lookup_url", URL, "ok"),
    ("v3/domains/", "lookup_domain", DOMAIN, "ok"),
    ("v3/ip_addresses/", "lookup_ip", IP, "ok"),
    ("v3/comments/", "get_comments", ABOUT, "ok"),
    ("v3/votes/file_votes_list", "get_comments", ABOUT, "invalid_response"),
    ("v3/votes/url_votes_list", "get_comments", ABOUT, "invalid_response"),
    ("v3/votes/file_vote_post", "add_comment", SAID, "outcome_unknown"),
    ("v3/resolutions/domain", "passive_dns", DOMAIN, "ok"),
    ("v3/resolutions/ip", "passive_dns", IP, "ok"),
    ("v3/resolutions/historical_whois", "passive_dns", DOMAIN, "invalid_response"),
    ("v3/resolutions/", "passive_dns", DOMAIN, "ok"),
    ("v3/search/", "get_comments", ABOUT, "invalid_response"),
    ("v3/analyses/file_upload_post", "scan_file", FILE, "pending"),
    ("v3/analyses/file_analyse_post", "rescan_file", HASH, "pending"),
    ("v3/analyses/url_analyse_post", "scan_url", UNKNOWN_URL, "pending"),
    ("v3/analyses/url_analysis_completed", "get_analysis", {"analysis_id": f"u-{SHA256}-1"}, "ok"),
    ("v3/errors/401", "lookup_hash", HASH, "access_denied"),
    ("v3/errors/404_NotFoundError_file", "lookup_hash", HASH, "not_found"),
    ("v3/errors/404", "add_comment", SAID, "not_found"),
    ("v3/errors/409", "add_comment", SAID, "conflict"),
    ("v3/errors/429", "lookup_hash", HASH, "rate_limited"),
    ("v3/errors/", "lookup_hash", HASH, None),
    ("v3/users/", "quota", {}, "ok"),
    ("v2/comments_get", "get_comments", ABOUT, "ok"),
    ("v2/comments_put", "add_comment", SAID, "ok"),
    ("v2/file_report_not_found", "lookup_hash", HASH, "not_found"),
    ("v2/file_report", "lookup_hash", HASH, "ok"),
    ("v2/file_scan_postman", "scan_file", FILE, "outcome_unknown"),  # another file was sent
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
    ("docs_examples/v3_ip_votes_list", "get_comments", ABOUT, "invalid_response"),
    ("docs_examples/v3_ip_vote_post", "add_comment", SAID, "outcome_unknown"),
    ("docs_examples/v3_files_post_200", "scan_file", FILE, "pending"),
    ("docs_examples/v3_files_post_401", "scan_file", FILE, "access_denied"),
    ("docs_examples/v3_user", "quota", {}, "ok"),
]


@dataclass(frozen=True)
class Said:
    """A response of VirusTotal: its version of the API, and its status."""

    version: str
    status: int
    body: str


def said_in(path: Path) -> Said:
    name, body = name_of(path), path.read_text("utf-8")
    document = json.loads(body)
    if isinstance(document, dict) and document.get("type") in ("file", "url", "domain", "ip_address"):
        body = json.dumps({"data": document})  # recorded without its envelope
    status = re.search(r"(?:^|[/_])(4\d\d|5\d\d)(?:_|\.)", name)
    return Said("2" if re.search("(^|/)v2[/_]", name) else "3", int(status[1]) if status else 200, body)


def about(action: str, params: dict[str, Any], document: Any) -> dict[str, Any]:
    """Parameters for the object of the recorded response, if it names one; else `params`."""
    answer = document[0] if isinstance(document, list) and document else document
    found = answer.get("data", answer) if isinstance(answer, dict) else {}
    row = found[0] if isinstance(found, list) and found else found
    if not isinstance(row, dict):
        return params
    attributes = row.get("attributes", {})
    reported = {
        "lookup_hash": attributes.get("sha256") or row.get("resource"),
        "rescan_file": row.get("resource"),
        "lookup_url": attributes.get("url") or row.get("url") or row.get("resource"),
        "scan_url": row.get("url"),
        "lookup_domain": row.get("id"),
        "lookup_ip": row.get("id"),
        "get_analysis": row.get("id"),
        "get_comments": _commented_on(str(row.get("id"))) or row.get("resource"),
        "passive_dns": attributes.get("ip_address" if "ip" in params else "host_name"),
    }.get(action)
    names = [name for name in params if name != "comment"]
    return {**params, names[0]: reported} if reported and names else params


def _commented_on(comment_id: str) -> str | None:
    """The value of the comment's object; for a URL only its id is known."""
    letter, _, rest = comment_id.partition("-")
    return rest.rpartition("-")[0] if letter in ("f", "d", "i") else UNKNOWN_URL["url"] if letter == "u" else None


def of_our_file(document: Any) -> Any:
    """The recorded response to an upload, changed for our file: the id of its analysis contains the file's MD5."""
    found = document["data"]["id"]
    _, _, rest = base64.b64decode(found).decode().partition(":")
    ours = f"{hashlib.md5(CONTENT).hexdigest()}:{rest}"
    return {"data": {**document["data"], "id": base64.b64encode(ours.encode()).decode()}}


def meetings(name: str) -> list[Meeting]:
    """The first matching row of each action."""
    found: dict[str, Meeting] = {}
    for meeting in MEETINGS:
        if name.startswith(meeting[0]):
            found.setdefault(meeting[1], meeting)
    return list(found.values())
