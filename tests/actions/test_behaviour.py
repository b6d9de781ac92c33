"""`behaviour`: what a file did in sandboxes, as a summary and as techniques."""

from __future__ import annotations

from vt_connectors.verdict.behaviour import SEVERITIES, summary_of_behaviour, techniques_of

from .conftest import Scenario
from .deep_objects import ANNUAL, INVOICE, UNKNOWN


def test_both_parts_are_two_requests_and_each_is_cached_by_itself(v3: Scenario) -> None:
    found = v3("behaviour", hash=INVOICE)
    assert (found["status"], found["meta"]["requests"]) == ("ok", 2)
    assert v3.calls == [
        f"GET /api/v3/files/{INVOICE}/{part}" for part in ("behaviour_summary", "behaviour_mitre_trees")
    ]
    techniques = v3("behaviour", hash=INVOICE, parts=["techniques"])
    assert (techniques["meta"]["source"], "summary" in techniques["data"]) == ("cache", False)
    assert len(v3.calls) == 2


def test_the_techniques_are_each_once_and_the_worst_first(v3: Scenario) -> None:
    techniques = v3("behaviour", hash=INVOICE, parts=["techniques"])["data"]["techniques"]
    numbers = [technique["id"] for technique in techniques]
    assert len(numbers) == len(set(numbers)) > 1
    ranks = [SEVERITIES.index(technique["severity"]) for technique in techniques]
    assert ranks == sorted(ranks)
    assert all(technique["tactics"] and technique["sandboxes"] for technique in techniques)


def test_a_file_that_was_never_run_or_is_unknown_is_not_found_with_a_reason(v3: Scenario) -> None:
    for sha256 in (ANNUAL, UNKNOWN):
        found = v3("behaviour", hash=sha256)
        assert (found["status"], found["data"]["reason"]) == ("not_found", "no_behaviour")


def test_a_technique_of_several_sandboxes_has_its_worst_severity() -> None:
    def tree(severity: str, signature: str, tactic: str) -> dict[str, object]:
        technique = {"id": "T1", "name": "One", "signatures": [{"severity": severity, "description": signature}]}
        return {"tactics": [{"id": "TA1", "name": tactic, "techniques": [technique]}]}

    trees = {"A": tree("LOW", "first", "Discovery"), "B": tree("HIGH", "second", "Impact"), "C": {"tactics": []}}
    assert techniques_of(trees) == [
        {
            "id": "T1",
            "name": "One",
            "severity": "high",
            "tactics": ["Discovery", "Impact"],
            "sandboxes": ["A", "B"],
            "signatures": ["first", "second"],
        }
    ]


def test_odd_trees_and_summaries_are_read_as_far_as_they_can_be() -> None:
    assert (
        techniques_of({"A": None, "B": {"tactics": "x"}, "C": {"tactics": [{"techniques": [{"name": "no id"}]}]}}) == []
    )
    assert techniques_of({"A": {"tactics": [{"techniques": [{"id": "T2", "signatures": [{"severity": 5}]}]}]}}) == [
        {"id": "T2", "name": "", "severity": "unknown", "tactics": [], "sandboxes": ["A"], "signatures": []}
    ]
    assert summary_of_behaviour({"tags": "x", "files_dropped": [5, {"path": 7}, {"sha256": "aa"}], "verdicts": []}) == {
        "files_dropped": [{"sha256": "aa"}]
    }


def test_the_lists_are_bounded() -> None:
    found = summary_of_behaviour({"mutexes_created": [f"{number}" * 400 for number in range(1000, 1300)]})
    assert len(found["mutexes"]) == 100
    assert max(len(mutex) for mutex in found["mutexes"]) == 1003
