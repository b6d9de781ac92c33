"""`rescan`: a new scan of anything that VirusTotal has."""

from __future__ import annotations

import pytest

from .conftest import MakeScenario, Scenario
from .deep_objects import INVOICE, IP, MALICIOUS, PAYLOAD, UNKNOWN


@pytest.mark.parametrize(
    ("indicator", "kind"), [(INVOICE, "hash"), (PAYLOAD, "url"), (MALICIOUS, "domain"), (IP, "ip")]
)
def test_a_rescan_is_followed_to_its_verdict(v3: Scenario, indicator: str, kind: str) -> None:
    queued = v3("rescan", indicator=indicator)
    assert (queued["status"], queued["data"]["type"]) == ("pending", kind)
    v3.clock.advance(60)
    done = v3("get_analysis", analysis_id=queued["data"]["analysis_id"])
    verdict = "undetected" if indicator == IP else "malicious"
    assert (done["status"], done["data"]["verdict"]) == ("ok", verdict)
    waited = v3("rescan", indicator=indicator, wait_s=120)
    assert (waited["status"], waited["data"]["indicator"], waited["data"]["verdict"]) == ("ok", indicator, verdict)


@pytest.mark.parametrize(("indicator", "name"), [(MALICIOUS, "domain"), (IP, "ip")])
def test_a_rescan_makes_cached_reports_outdated(v3: Scenario, indicator: str, name: str) -> None:
    lookup = (f"lookup_{name}", {name: indicator})
    v3(lookup[0], None, **lookup[1])
    v3("rescan", indicator=indicator, wait_s=120)
    assert v3(lookup[0], None, **lookup[1])["meta"]["source"] == "api"


def test_what_is_unknown_or_internal_is_not_rescanned(v3: Scenario) -> None:
    assert v3("rescan", indicator=UNKNOWN)["status"] == "not_found"
    assert v3("rescan", indicator="http://unknown.example/")["status"] == "not_found"
    assert v3("rescan", indicator="unknown.example")["status"] == "not_found"
    assert v3("rescan", indicator="192.168.1.1")["status"] == "skipped"
    assert v3("rescan", {"cache": "only"}, indicator=MALICIOUS)["status"] == "skipped"


def test_api_v2_rescans_files_and_urls_only(make_scenario: MakeScenario) -> None:
    from vt_connectors.sandbox import SandboxConfig

    v2 = make_scenario("2", config=SandboxConfig(private_keys=True))
    assert v2("rescan", indicator=INVOICE)["status"] == "pending"
    assert v2("rescan", indicator=PAYLOAD)["status"] == "pending"
    error = v2("rescan", indicator=MALICIOUS)["error"]
    assert (error["code"], "VT_API_VERSION=3" in error["message"]) == ("forbidden", True)
