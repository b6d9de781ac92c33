"""`include: ["context"]`: further facts of the same object, in the same request, for each key its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vt_connectors.actions.drain import DrainLimits
from vt_connectors.contract.documents import Options
from vt_connectors.core import Core

from .conftest import Scenario
from .several import Played, Several, file_object, said

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
LICENSED, FREE = "l" * 64, "f" * 64
VALUES = {
    "hash": SHA256,
    "url": "http://phishing.example/login/verify?session=1",
    "domain": "example.com",
    "ip": "8.8.8.8",
}


def virustotal(severity: str = "SEVERITY_HIGH") -> Played:
    attributes: dict[str, Any] = {"meaningful_name": "a.exe", "threat_severity": {"threat_severity_level": severity}}
    return Played(lambda _: said({"data": file_object(SHA256, **attributes)}))


def lookup(core: Core, **options: Any) -> Mapping[str, Any]:
    document = {"action": "lookup_hash", "params": {"hash": SHA256}, "options": {"include": ["context"], **options}}
    return core.answer(document)


@pytest.mark.parametrize("kind", VALUES)
def test_it_is_in_the_answer_only_if_asked_for(scenario: Scenario, kind: str) -> None:
    values = {kind: VALUES[kind]}
    assert "context" not in scenario(f"lookup_{kind}", **values)["data"]
    response = scenario(f"lookup_{kind}", {"include": ["context"]}, **values)
    assert isinstance(response["data"]["context"], dict)
    assert scenario(f"lookup_{kind}", {"include": ["context"]}, **values)["meta"]["source"] == "cache"
    assert "context" not in scenario(f"lookup_{kind}", **values)["data"]
    assert len(scenario.calls) == 2, "a report that was stored without it is asked for once more"


def test_it_costs_no_further_request(several: Several) -> None:
    played = virustotal()
    response = lookup(several.core(played))
    assert response["data"]["context"] == {"meaningful_name": "a.exe", "threat_severity": "high"}
    assert (response["meta"]["requests"], len(played.asked)) == (1, 1)
    again = lookup(several.core(played))
    assert (again["meta"]["source"], again["data"]["context"]) == ("cache", response["data"]["context"])


def test_a_key_gets_no_other_keys_block(several: Several) -> None:
    licensed, free = virustotal("SEVERITY_HIGH"), virustotal("SEVERITY_NONE")
    assert lookup(several.core(licensed, LICENSED))["data"]["context"]["threat_severity"] == "high"
    assert lookup(several.core(free, FREE), cache="only")["data"]["reason"] == "not_cached"
    for source in ("api", "cache"):
        response = lookup(several.core(free, FREE))
        assert (response["meta"]["source"], response["data"]["context"]["threat_severity"]) == (source, "none")
    include = Options(include=frozenset(("context",)))
    found = several.core(licensed, LICENSED).look_up_at_hand("hash", [SHA256], include)[SHA256]
    assert (found["data"] or {})["context"]["threat_severity"] == "high"
    plain = several.core(free, FREE).answer({"action": "lookup_hash", "params": {"hash": SHA256}})
    assert (plain["meta"]["source"], "context" in plain["data"]) == ("cache", False)


def test_an_object_that_virustotal_does_not_know_has_none(v3: Scenario) -> None:
    response = v3("lookup_hash", {"include": ["context"]}, hash="0" * 64)
    assert (response["status"], "context" in response["data"]) == ("not_found", False)


def test_a_queued_lookup_is_answered_with_it(several: Several) -> None:
    played = virustotal()
    core = several.core(played, VT_QUOTA="1/day")
    core.answer({"action": "lookup_ip", "params": {"ip": "8.8.4.4"}})
    refused = lookup(core, max_wait_s=0)
    assert refused["error"]["details"]["queued"]
    assert several.core(played).drain(DrainLimits()).answered == 1
    assert lookup(several.core(played), cache="only")["data"]["context"]["meaningful_name"] == "a.exe"
