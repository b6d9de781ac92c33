"""What sandboxes saw files do."""

from __future__ import annotations

from urllib.parse import quote

from .calling import EICAR_SHA256, Caller, error_of

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
ANNUAL_REPORT = "e90fbb283b4b568683efbb1419ddc702e628d0dd33ce1408318609c5a5755529"


def test_the_summary_is_the_union_of_the_reports_without_type_and_id(caller: Caller) -> None:
    summary = caller.data(f"files/{INVOICE}/behaviour_summary")
    assert not {"type", "id", "attributes", "sandbox_name"} & set(summary)
    reports = caller.data(f"files/{INVOICE}/behaviours")
    for report in reports:
        for row in report["attributes"].get("mitre_attack_techniques", []):
            assert row in summary["mitre_attack_techniques"]
    techniques = [row["id"] for row in summary["mitre_attack_techniques"]]
    assert len(techniques) == len(set(techniques)) > 3
    assert summary["processes_tree"][0]["children"]
    assert {"hostname", "resolved_ips"} <= set(summary["dns_lookups"][0])


def test_the_trees_are_by_sandbox_and_some_are_empty(caller: Caller) -> None:
    trees = caller.data(f"files/{INVOICE}/behaviour_mitre_trees")
    assert {bool(tree["tactics"]) for tree in trees.values()} == {True, False}
    seen = [
        technique["id"] for tree in trees.values() for tactic in tree["tactics"] for technique in tactic["techniques"]
    ]
    assert len(seen) > len(set(seen)), "the same technique in more than one sandbox"


def test_a_report_has_a_blank_in_its_id(caller: Caller) -> None:
    reports = caller.data(f"files/{INVOICE}/behaviours")
    assert {report["type"] for report in reports} == {"file_behaviour"}
    for report in reports:
        assert caller.data(f"file_behaviours/{quote(report['id'])}") == report
    assert any(" " in report["id"] for report in reports)
    page = caller.get(f"file_behaviours/{quote(reports[0]['id'])}/html")
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_report_may_have_next_to_nothing(caller: Caller) -> None:
    reports = caller.data(f"files/{INVOICE}/behaviours")
    assert min(len(report["attributes"]) for report in reports) == 9


def test_a_harmless_detonation_shows_no_technique(caller: Caller) -> None:
    assert "mitre_attack_techniques" not in caller.data(f"files/{EICAR_SHA256}/behaviour_summary")


def test_a_file_that_was_never_detonated_is_not_found(caller: Caller) -> None:
    for name in ("behaviour_summary", "behaviour_mitre_trees"):
        assert error_of(caller.get(f"files/{ANNUAL_REPORT}/{name}"))[:2] == (404, "NotFoundError")
        assert error_of(caller.get(f"files/{'0' * 64}/{name}"))[:2] == (404, "NotFoundError")
    assert caller.data(f"files/{ANNUAL_REPORT}/behaviours") == []
    assert caller.data(f"files/{ANNUAL_REPORT}/sigma_analysis") is None


def test_an_unknown_report_is_not_found(caller: Caller) -> None:
    for ident in (f"{INVOICE}_Nobody", "nothing", f"{ANNUAL_REPORT}_Sandbox%20One"):
        assert error_of(caller.get(f"file_behaviours/{ident}"))[:2] == (404, "NotFoundError")


def test_techniques_and_sigma_rules_can_be_read(caller: Caller) -> None:
    assert caller.data("attack_techniques/T1055")["attributes"]["name"] == "Process Injection"
    assert caller.get("attack_techniques/T0").status_code == 404
    assert caller.data(f"sigma_analyses/{INVOICE}") == caller.data(f"files/{INVOICE}/sigma_analysis")
    assert caller.get(f"sigma_analyses/{ANNUAL_REPORT}").status_code == 404
    sigma = caller.data(f"files/{INVOICE}/sigma_analysis")["attributes"]
    assert sum(sigma["stats"]["severity_stats"].values()) == len(sigma["rule_matches"]) > 0
