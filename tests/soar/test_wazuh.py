"""Wazuh: an alert and the event for analysisd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from vt_connectors.adapters.soar.exchange import Codec
from vt_connectors.adapters.soar.wazuh import Wazuh, location

from .codec_contract import CodecContract
from .outcomes import Case, cases

_FIELDS = {"hash": ("syscheck", "md5_after"), "ip": ("data", "srcip"), "url": ("data", "url")}


class TestWazuh(CodecContract):
    PLATFORM: ClassVar[str] = "Wazuh"
    MEANS: ClassVar[Mapping[str, str]] = {
        "found": "`found` 1, `malicious` 1: rule 87105",
        "unknown": "`found` 0: rule 87103",
        "pending": "`status`: pending",
        "skipped": "`status`: skipped",
        "out_of_quota": "`error` 204: rule 87101",
        "unreachable": "`error`: timeout",
        "refused": "`error` 403: rule 87102",
        "invalid": "`error`: invalid_indicator",
        "failed": "`error`: internal",
    }

    @property
    def codec(self) -> Codec[Any, Any]:
        return Wazuh()

    def given(self, cases: Sequence[Case]) -> Any:
        group, name = _FIELDS.get(cases[0].kind, ("data", "hostname"))
        return {"id": "1.2", group: {"path": "/tmp/x", name: cases[0].value}}

    def means(self, output: Any, case: Case) -> str:
        told = output["virustotal"]
        assert output["integration"] == "virustotal"
        assert told["source"]["alert_id"] == "1.2"
        rules = {204: "87101", 403: "87102"}
        if "error" in told:
            rule = rules.get(told["error"])
            return f"`error` {told['error']}: rule {rule}" if rule else f"`error`: {told['error']}"
        if "found" not in told:
            return f"`status`: {told['status']}"
        return (
            "`found` 0: rule 87103" if not told["found"] else f"`found` 1, `malicious` {told['malicious']}: rule 87105"
        )


def test_the_event_has_the_fields_of_the_stock_integration() -> None:
    case = cases()["found"]
    alert = {"id": "1.2", "syscheck": {"path": "/root/x", "md5_after": case.value, "sha1_after": "a" * 40}}
    told = Wazuh().output(alert, [case.response])
    assert told is not None
    virustotal = told["virustotal"]
    assert (virustotal["found"], virustotal["malicious"]) == (1, 1)
    assert (virustotal["positives"], virustotal["total"]) == (62, 68)
    assert virustotal["permalink"].startswith("https://www.virustotal.com/")
    assert virustotal["source"] == {"alert_id": "1.2", "file": "/root/x", "md5": case.value, "sha1": "a" * 40}


@pytest.mark.parametrize("alert", [{}, {"syscheck": "x"}, {"data": {"srcip": ""}}, {"syscheck": {"md5_after": 5}}])
def test_an_alert_without_a_value_asks_nothing(alert: Any) -> None:
    assert Wazuh().requests(alert) == []
    assert Wazuh().output(alert, []) is None


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (None, "1:custom-vtaction:"),
        ({"id": "000", "name": "manager"}, "1:custom-vtaction:"),
        ({"id": "001", "name": "pc", "ip": "10.0.0.5"}, "1:[001] (pc) 10.0.0.5->custom-vtaction:"),
        ({"id": "001", "name": "a|b", "ip": "fe80::1"}, "1:[001] (a||b) fe80|:|:1->custom-vtaction:"),
        ({"id": "001", "name": "pc"}, "1:[001] (pc) any->custom-vtaction:"),
    ],
)
def test_the_location_is_escaped(agent: Any, expected: str) -> None:
    assert location({"agent": agent} if agent else {}, "custom-vtaction") == expected
