"""TheHive Cortex: jobs of analyzers and responders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from vt_connectors.adapters.soar.exchange import Codec
from vt_connectors.adapters.soar.thehive_cortex import CortexAnalyzer, CortexResponder

from .codec_contract import CodecContract
from .outcomes import Case, cases

_FAILS = "the job fails: `{}`"
_FAILURES = {
    "out_of_quota": _FAILS.format("rate_limited"),
    "unreachable": _FAILS.format("timeout"),
    "refused": _FAILS.format("access_denied"),
    "invalid": _FAILS.format("invalid_indicator"),
    "failed": _FAILS.format("internal"),
}


def _failure(output: Mapping[str, Any]) -> str | None:
    return _FAILS.format(output["error"].split(":")[0]) if "error" in output else None


class TestAnalyzer(CodecContract):
    PLATFORM: ClassVar[str] = "TheHive Cortex, analyzer"
    MEANS: ClassVar[Mapping[str, str]] = {
        "found": "taxonomy `VT:lookup=62/68`, its level from the verdict",
        "unknown": "taxonomy `VT:lookup=not found`, `info`",
        "pending": "taxonomy `VT:lookup=scan pending`, `info`",
        "skipped": "taxonomy `VT:lookup=not sent`, `info`",
        **_FAILURES,
    }

    @property
    def codec(self) -> Codec[Any, Any]:
        return CortexAnalyzer()

    def given(self, cases: Sequence[Case]) -> Any:
        return {"service": "lookup", "dataType": cases[0].kind, "data": cases[0].value}

    def means(self, output: Any, case: Case) -> str:
        failure = _failure(output)
        if failure:
            return failure
        [taxonomy] = output["taxonomies"]
        level = ", its level from the verdict" if taxonomy["level"] == "malicious" else f", `{taxonomy['level']}`"
        return f"taxonomy `{taxonomy['namespace']}:{taxonomy['predicate']}={taxonomy['value']}`{level}"


class TestResponder(CodecContract):
    PLATFORM: ClassVar[str] = "TheHive Cortex, responder"
    MEANS: ClassVar[Mapping[str, str]] = {
        "found": "tag `VT:malicious`",
        "unknown": "tag `VT:not found`",
        "pending": "no tag; the message says so",
        "skipped": "no tag; the message says so",
        **_FAILURES,
    }

    @property
    def codec(self) -> Codec[Any, Any]:
        return CortexResponder()

    def given(self, cases: Sequence[Case]) -> Any:
        return {"dataType": cases[0].kind, "data": cases[0].value}

    def means(self, output: Any, case: Case) -> str:
        failure = _failure(output)
        if failure:
            return failure
        tags = [operation["tag"] for operation in output["operations"] if operation["type"] == "AddTagToArtifact"]
        assert output["full"]["message"]
        return f"tag `{tags[0]}`" if tags else "no tag; the message says so"


def _output(case: Case, **changes: Any) -> dict[str, Any]:
    response = {**case.response, "data": {**case.response["data"], **changes}}
    return CortexAnalyzer().output({"service": "lookup", "dataType": case.kind, "data": case.value}, [response])


@pytest.mark.parametrize(
    ("verdict", "stats", "level"),
    [
        ("suspicious", {"suspicious": 1, "total": 9}, "suspicious"),
        ("undetected", {"undetected": 9, "total": 9}, "info"),
        ("undetected", {"undetected": 8, "harmless": 1, "total": 9}, "safe"),
        ("unknown", {}, "info"),
    ],
)
def test_only_what_engines_call_harmless_is_safe(verdict: str, stats: dict[str, int], level: str) -> None:
    assert _output(cases()["found"], verdict=verdict, stats=stats)["taxonomies"][0]["level"] == level


def test_only_a_files_other_hashes_are_new_observables_and_nothing_of_the_engines() -> None:
    case = cases()["found"]
    hashes = case.response["data"]["hashes"]
    found = [(one["dataType"], one["data"]) for one in _output(case)["artifacts"]]
    assert sorted(found) == sorted([("hash", hashes["sha1"]), ("hash", hashes["sha256"])])


def test_the_names_and_addresses_of_passive_dns_are_new_observables() -> None:
    rows = [{"host": "example.com", "ip": "192.0.2.7"}, {"host": "www.example.com", "ip": "192.0.2.7"}]
    case = cases()["found"]
    response = {**case.response, "data": {"type": "domain", "indicator": "example.com", "resolutions": rows}}
    given = {"service": "passivedns", "dataType": "fqdn", "data": "Example.com"}
    output = CortexAnalyzer().output(given, [response])
    assert [one["data"] for one in output["artifacts"]] == ["192.0.2.7", "www.example.com"]
    assert output["taxonomies"][0]["value"] == "2 resolutions"
    assert CortexAnalyzer().requests(given)[0]["params"] == {"domain": "Example.com"}


@pytest.mark.parametrize(
    ("given", "action", "params"),
    [
        ({"service": "lookup", "dataType": "file", "data": "a.exe", "sha256": "0" * 64}, "lookup", "0" * 64),
        ({"service": "scan", "dataType": "file", "data": "a.exe", "path": "/j/a"}, "scan_file", "/j/a"),
        ({"service": "scan", "dataType": "url", "data": "http://a.example/"}, "scan_url", "http://a.example/"),
        ({"service": "rescan", "dataType": "hash", "data": "0" * 64}, "rescan_file", "0" * 64),
        ({"service": "passivedns", "dataType": "ip", "data": "192.0.2.7"}, "passive_dns", "192.0.2.7"),
    ],
)
def test_each_flavour_asks_for_its_action(given: dict[str, str], action: str, params: str) -> None:
    [request] = CortexAnalyzer().requests(given)
    assert request["action"] == action
    assert params in request["params"].values()
    # Both waits together end before the job does.
    assert request["options"]["max_wait_s"] + request["params"].get("wait_s", 0) <= 840


def test_a_responder_asks_about_a_file_by_its_longest_hash() -> None:
    attachment = {"name": "a.exe", "hashes": ["1" * 40, "2" * 64, "3" * 32]}
    [request] = CortexResponder().requests({"dataType": "file", "attachment": attachment})
    assert request["params"] == {"value": "2" * 64, "type": "hash"}
