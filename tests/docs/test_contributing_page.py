"""CONTRIBUTING.md: its example of an action on one object works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.actions.several import Played, Several, said
from vt_connectors.actions import ACTIONS
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

from .pages import page

RECORD = {"whois": "Domain Name: example.com", "whois_date": 1_767_323_045}


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an action in the registry that the example performs."""
    [example] = [block.text for block in page("CONTRIBUTING.md").of("python") if "def domain_whois(" in block.text]
    module: dict[str, Any] = {"__package__": "vt_connectors.actions"}
    exec(compile(example, "CONTRIBUTING.md", "exec", dont_inherit=True), module)
    monkeypatch.setitem(ACTIONS, "passive_dns", ACTIONS["passive_dns"]._replace(run=module["domain_whois"]))
    return "passive_dns"


def _virustotal(attributes: Mapping[str, Any] | None, domain: str = "example.com") -> Played:
    def say(_: HttpRequest) -> HttpResponse:
        if attributes is None:
            return said({"error": {"code": "NotFoundError", "message": "no"}}, 404)
        return said({"data": {"type": "domain", "id": domain, "attributes": attributes}})

    return Played(say)


def _answer(core: Core, action: str, domain: str = "example.com", **options: Any) -> Mapping[str, Any]:
    return core.answer({"action": action, "params": {"domain": domain}, "options": options})


def test_the_example_answers_with_the_part_and_shares_it(action: str) -> None:
    virustotal = _virustotal(RECORD)
    core = Several("memory").core(virustotal)
    response = _answer(core, action, "example[.]com:443")
    assert (response["status"], response["data"]["date"]) == ("ok", "2026-01-02T03:04:05Z")
    assert response["data"]["whois"] == RECORD["whois"]
    again = _answer(core, action)
    assert (again["meta"]["source"], len(virustotal.asked)) == ("cache", 1)
    assert _answer(core, action, include=["raw"])["data"]["raw"]["attributes"] == RECORD


@pytest.mark.parametrize(("attributes", "reason"), [(None, None), ({}, "no_whois"), ({"whois": 5}, "no_whois")])
def test_the_example_tells_a_missing_part_from_an_unknown_domain(
    action: str, attributes: Mapping[str, Any] | None, reason: str | None
) -> None:
    response = _answer(Several("memory").core(_virustotal(attributes)), action)
    assert (response["status"], response["data"].get("reason")) == ("not_found", reason)


def test_the_example_sends_nothing_internal_and_believes_no_other_object(action: str) -> None:
    virustotal = _virustotal(RECORD, "other.example")
    core = Several("memory").core(virustotal)
    assert _answer(core, action, "srv.internal")["status"] == "skipped"
    assert _answer(core, action, cache="only")["data"]["reason"] == "not_cached"
    assert virustotal.asked == []
    assert _answer(core, action)["error"]["code"] == "invalid_response"
