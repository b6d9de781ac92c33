"""MISP: an attribute and the objects about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from vt_connectors.adapters.soar.exchange import Codec
from vt_connectors.adapters.soar.misp import Misp, time_limit_s

from .codec_contract import CodecContract
from .outcomes import Case, cases

_TYPES = {"hash": "sha256", "url": "url", "domain": "domain", "ip": "ip-dst"}


class TestMisp(CodecContract):
    PLATFORM: ClassVar[str] = "MISP"
    MEANS: ClassVar[Mapping[str, str]] = {
        "found": "objects `virustotal-report`, `file`",
        "unknown": "a text: not found",
        "pending": "a text: queued",
        "skipped": "a text: skipped",
        "out_of_quota": "`error`: rate_limited",
        "unreachable": "`error`: timeout",
        "refused": "`error`: access_denied",
        "invalid": "`error`: invalid_indicator",
        "failed": "`error`: internal",
    }

    @property
    def codec(self) -> Codec[Any, Any]:
        return Misp()

    def given(self, cases: Sequence[Case]) -> Any:
        [case] = cases
        return {"attribute": {"type": _TYPES[case.kind], "value": case.value, "uuid": "u"}}

    def means(self, output: Any, case: Case) -> str:
        if "error" in output:
            return f"`error`: {output['error'].split(':')[0]}"
        results = output["results"]
        if results["text"]:
            return f"a text: {results['text'].split(':')[0]}"
        return f"objects {', '.join('`' + one['name'] + '`' for one in results['objects'])}"


@pytest.mark.parametrize(
    ("kind", "value", "asked"),
    [
        ("filename|md5", "a|b.exe|0123", "0123"),
        ("filename|sha256", "a.exe|0123", "0123"),
        ("ip-dst|port", "192.0.2.7|443", "192.0.2.7"),
        ("hostname|port", "example.com|80", "example.com"),
        ("url", "http://example.com/a|b", "http://example.com/a|b"),
    ],
)
def test_of_a_pair_the_part_that_virustotal_knows_is_asked_for(kind: str, value: str, asked: str) -> None:
    [request] = Misp().requests({"attribute": {"type": kind, "value": value}})
    assert request["params"]["value"] == asked


def test_a_report_has_what_an_analyst_needs() -> None:
    case = cases()["found"]
    given = {"attribute": {"type": "md5", "value": case.value}}
    report, file = Misp().output(given, [case.response])["results"]["objects"]
    assert dict(report["attributes"])["detection-ratio"] == "62/68"
    assert report["attributes"][0] == ["permalink", case.response["data"]["link"]]
    assert ["sha256", case.response["data"]["hashes"]["sha256"]] in file["attributes"]


@pytest.mark.parametrize(
    ("query", "limit_s"),
    [
        ({}, 240.0),
        ({"config": {"max_wait_s": "8"}}, 8.0),
        ({"config": {"max_wait_s": "999"}, "timeout": 60}, 60.0),
        ({"config": {"max_wait_s": ""}, "timeout": 999}, 240.0),
    ],
)
def test_the_shortest_of_all_time_limits_holds(query: Mapping[str, Any], limit_s: float) -> None:
    assert time_limit_s(query) == limit_s
