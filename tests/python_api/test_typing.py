"""What a type checker makes of a program that uses the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python_api.type_checker import mypy_says_of

pytest.importorskip("mypy")
# mypy checks for one version of Python, whichever runs it.
pytestmark = pytest.mark.once

# `assert_type` takes exactly the type it names: not a wider one, and not Any.
GOOD = """
from datetime import datetime
from pathlib import Path
from typing import Literal, Optional, Tuple
from typing_extensions import assert_type
from vt_connectors import DownloadedFile, Lookup, PrivateReport, RateLimited, RelatedObject, Report, Resolution
from vt_connectors import Stats, VirusTotal, Vote, connect

def first(vt: VirusTotal) -> Report:
    return vt.lookup_hash("x", cache="only", include=("raw",), thresholds={"malicious": 1}, max_age_s=60)

with connect("key", state="memory", quota="4/minute", never_query=["a.example"]) as vt:
    assert_type(vt, VirusTotal)
    assert_type(vt.lookup("x").verdict, Literal["malicious", "suspicious", "undetected", "unknown"])
    assert_type(vt.lookup_url("x", scan_if_missing=True).last_analysis, Optional[datetime])
    assert_type(first(vt).stats, Optional[Stats])
    assert_type(first(vt).status, Literal["ok", "not_found", "pending", "skipped"])
    assert_type(first(vt).names, Tuple[str, ...])
    analysis = vt.scan_file(b"x", progress=lambda sent, total: None)
    assert_type(
        analysis.analysis_status,
        Optional[Literal["queued", "in-progress", "completed", "error", "unsupported file type", "corrupted file"]],
    )
    hidden = vt.scan_file("x", private=True, password="p", command_line="/q", region="EU", cache="off")
    assert_type(hidden.private, bool)
    assert_type(hidden.expires, Optional[datetime])
    assert_type(hidden.threat_severity, Optional[Literal["high", "medium", "low", "none", "unknown"]])
    vt.scan_url("x", private=True, retention_days=1, include=("raw",))
    assert_type(vt.lookup_private_file("x", include=("context",)), PrivateReport)
    assert_type(vt.lookup_private_url("x").expires, Optional[datetime])
    saved = vt.download_file("x", Path("y"), "infected", progress=lambda received, total: None, max_wait_s=1)
    assert_type(saved, DownloadedFile)
    assert_type(saved.path, Optional[Path])
    assert_type(vt.passive_dns("x").resolutions, Tuple[Resolution, ...])
    assert_type(vt.get_comments("x").comments[0].date, Optional[datetime])
    assert_type(vt.quota().windows["day"].used, int)
    assert_type(vt.relationships("x", "urls", full=True, cache="only").related, Tuple[RelatedObject, ...])
    techniques = vt.behaviour("x", ["summary"]).techniques
    assert_type(techniques[0].severity, Literal["high", "medium", "low", "info", "unknown"])
    assert_type(vt.get_votes("x").votes, Tuple[Vote, ...])
    assert_type(vt.add_vote("x", "harmless").vote, Optional[Literal["harmless", "malicious"]])
    assert_type(vt.search("x").results, Tuple[RelatedObject, ...])
    assert_type(vt.ioc_stream(since=datetime.now()).notifications[0].notified, Optional[datetime])
    assert_type(vt.vt_get("x", {"limit": 1}).path, Optional[str])
    for item in vt.lookup_many(iter(["x"]), kind="hash", max_wait_s=3600):
        assert_type(item, Lookup)
        if item.report is not None:
            assert_type(item.report.source, Optional[Literal["api", "cache", "shared"]])
    try:
        vt.rescan_file("x", wait_s=1)
    except RateLimited as error:
        assert_type(error.retry_after, Optional[float])
"""

BAD = """
from vt_connectors import connect, conect
vt = connect(cache_tl=5)
vt.lookup("x", cache="sometimes")
vt.lookup("x", max_age=5)
vt.quota(include=("raw",))
vt.lookup("x").verdict == "clean"
vt.lookup("x").verdict = "malicious"
vt.lookup_many(5)
vt.add_vote("x", "suspicious")
vt.behaviour("x", parts=["pcap"])
vt.vt_get("x", query={"limit": None})
vt.get_votes("x", include=("raw",))
vt.scan_file("x", private="yes")
vt.scan_file("x", private=True, region="Mars")
vt.scan_url("x", private=True, command_line="/q")
vt.rescan_file("x", private=True)
vt.lookup_private_file("x", relationships=["resolutions"])
vt.download_file("x")
"""


def test_a_type_checker_sees_exact_types_and_each_mistake(tmp_path: Path) -> None:
    said = mypy_says_of({"good": GOOD, "bad": BAD}, tmp_path)
    assert said["good"] == []
    wrong = {int(line.split(":")[1]) for line in said["bad"] if ": error: " in line}
    assert wrong == set(range(2, 20))
