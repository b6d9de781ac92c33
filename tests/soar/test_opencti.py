"""The codec of OpenCTI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from vt_connectors.adapters.soar import outcome
from vt_connectors.adapters.soar.opencti import EXTENSION, Enriched, Observable, OpenctiCodec, score
from vt_connectors.adapters.soar.opencti_note import AUTHOR

from .codec_contract import CodecContract
from .outcomes import EICAR, Case, cases

CODEC = OpenctiCodec()
TYPES = {"hash": "file", "url": "url", "domain": "domain-name", "ip": "ipv4-addr"}
MARKING = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
ID = "{}--6f1f27d1-8d9e-5bf1-a1f8-3f7d7b9d6d0a"


def observable(kind: str, value: str, **more: Any) -> Observable:
    about = {"hashes": {"MD5": value}} if kind == "hash" else {"value": value}
    entity = {"type": TYPES[kind], "spec_version": "2.1", "id": ID.format(TYPES[kind]), **about, **more}
    marking = {"type": "marking-definition", "id": MARKING, "spec_version": "2.1"}
    return Observable(str(entity["id"]), [marking, entity])


def enriched(given: Observable, response: Any) -> tuple[Enriched, dict[str, Any], list[dict[str, Any]]]:
    """All, the observable, and what is new."""
    found = CODEC.output(given, [response])
    entity = next(dict(item) for item in found.objects if item["id"] == given.entity)
    return found, entity, [dict(item) for item in found.objects if item["type"] in ("note", "identity")]


def report(**data: Any) -> dict[str, Any]:
    response = dict(cases()[outcome.FOUND].response)
    return {**response, "data": {**response["data"], **data}}


class TestOpencti(CodecContract):
    PLATFORM = "OpenCTI"
    MEANS: ClassVar = {
        outcome.FOUND: "score, labels, link, note",
        outcome.UNKNOWN: "the work's message; nothing is changed",
        outcome.PENDING: "the work's message; nothing is changed",
        outcome.SKIPPED: "the work's message; nothing is changed",
        outcome.OUT_OF_QUOTA: "the work fails: `rate_limited`",
        outcome.UNREACHABLE: "the work fails: `timeout`, `unavailable`, `invalid_response`",
        outcome.REFUSED: "the work fails: `access_denied`, `forbidden`, `config_error`",
        outcome.INVALID: "the work fails: `invalid_indicator`",
        outcome.FAILED: "the work fails with the code",
    }
    codec = CODEC

    def given(self, cases: Sequence[Case]) -> Observable:
        return observable(cases[0].kind, cases[0].value)

    def means(self, output: Enriched, case: Case) -> str:
        if not output.is_failure:
            return self.MEANS[outcome.FOUND if output.is_changed else outcome.UNKNOWN]
        code = output.message.split(":")[0]
        failures = [text for name, text in self.MEANS.items() if name not in outcome.ANSWERS]
        return next((text for text in failures if f"`{code}`" in text), self.MEANS[outcome.FAILED])


def test_the_observable_itself_is_changed_and_has_a_note_with_its_markings() -> None:
    own = {
        "score": 50,
        "labels": ["ours"],
        "external_references": [{"source_name": "other", "url": "https://x.example/"}],
    }
    given = observable("hash", EICAR, object_marking_refs=[MARKING], extensions={EXTENSION: own}, x_opencti_score=50)
    found, entity, (author, note) = enriched(given, cases()[outcome.FOUND].response)
    assert found.message == "malicious: 62 of 68 engines (virus.eicar/test)"
    assert entity["extensions"][EXTENSION]["score"] == 97
    assert entity["extensions"][EXTENSION]["labels"] == ["ours", "vt:malicious", "text", "known-test-file"]
    assert [link["source_name"] for link in entity["extensions"][EXTENSION]["external_references"]] == [
        "other",
        "VirusTotal",
    ]
    assert set(entity["hashes"]) == {"MD5", "SHA-1", "SHA-256"}
    assert (entity["name"], entity["size"]) == ("eicar.com", 68)
    assert "x_opencti_score" not in entity
    assert author == AUTHOR
    assert note["object_refs"] == [given.entity]
    assert note["object_marking_refs"] == [MARKING]
    assert "62 of 68" in note["content"]


def test_a_second_time_adds_nothing_again() -> None:
    response = cases()[outcome.FOUND].response
    first, entity, _ = enriched(observable("hash", EICAR), response)
    second, again, _ = enriched(Observable(entity["id"], first.objects), response)
    assert again == entity
    assert sorted(item["id"] for item in second.objects) == sorted(item["id"] for item in first.objects)


@pytest.mark.parametrize(
    ("verdict", "stats", "expected"),
    [
        ("malicious", {"malicious": 3, "total": 70}, 71),
        ("malicious", {}, 70),
        ("suspicious", {"malicious": 1, "total": 70}, 50),
        ("undetected", {"undetected": 70, "total": 70}, 25),
        ("undetected", {"harmless": 60, "undetected": 10, "total": 70}, 10),
        ("unknown", {}, None),
    ],
)
def test_the_score_says_what_the_verdict_says(verdict: str, stats: dict[str, int], expected: int | None) -> None:
    assert score(report(verdict=verdict, stats=stats)) == expected


def test_the_strongest_hash_is_asked_about() -> None:
    given = observable("hash", EICAR)
    (entity,) = [item for item in given.objects if item["id"] == given.entity]
    both = {**entity, "hashes": {"MD5": EICAR, "SHA-256": "a" * 64, "SSDEEP": "3:x"}}
    (request,) = CODEC.requests(Observable(given.entity, [both]))
    assert request["params"] == {"value": "a" * 64, "type": "hash"}


def test_what_virustotal_knows_nothing_about_is_not_asked_about() -> None:
    for entity in ({"type": "email-addr", "value": "a@b.example"}, {"type": "file", "name": "a.exe"}):
        given = Observable("x", [{"id": "x", **entity}])
        assert CODEC.requests(given) == []
        found = CODEC.output(given, [])
        assert (found.is_changed, found.is_failure, found.objects) == (False, False, given.objects)


def test_names_from_outside_are_no_markdown() -> None:
    _, _, (_, note) = enriched(observable("hash", EICAR), report(names=["![x](https://tracker.example/a.png)|`"]))
    assert "![x]" not in note["content"]
    assert "\\|\\`" in note["content"]
