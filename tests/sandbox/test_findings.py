"""What reports say besides the engines: for those who look, at no further request."""

from __future__ import annotations

from vt_connectors.sandbox import SandboxServer

from .calling import EICAR_SHA256, Caller, base64_id

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
ANNUAL_REPORT = "e90fbb283b4b568683efbb1419ddc702e628d0dd33ce1408318609c5a5755529"


def test_a_detonated_malicious_file_has_findings_of_every_kind(caller: Caller) -> None:
    attributes = caller.data(f"files/{INVOICE}")["attributes"]
    verdicts = attributes["sandbox_verdicts"]
    assert {"malicious", "harmless"} == {one["category"] for one in verdicts.values()}
    assert attributes["sigma_analysis_stats"]["high"] > 0
    assert set(attributes["crowdsourced_ids_stats"]) == {"high", "medium", "low", "info"}
    assert sum(attributes["crowdsourced_ids_stats"].values()) == len(attributes["crowdsourced_ids_results"])
    assert attributes["signature_info"]["file version"]


def test_one_rule_may_match_twice_and_without_a_date(caller: Caller) -> None:
    first, second = caller.data(f"files/{INVOICE}")["attributes"]["crowdsourced_yara_results"]
    assert first["rule_name"] == second["rule_name"]
    assert ("match_date" in first, "match_date" in second) == (True, False)


def test_a_file_that_was_never_detonated_has_none(caller: Caller) -> None:
    attributes = caller.data(f"files/{ANNUAL_REPORT}")["attributes"]
    assert not {"sandbox_verdicts", "sigma_analysis_stats", "crowdsourced_ids_stats"} & set(attributes)


def test_the_summary_and_the_report_agree_on_the_rules(caller: Caller) -> None:
    for row in caller.data("domains/malicious.example/communicating_files?limit=40"):
        attributes = row.get("attributes", {})
        stats = attributes.get("sigma_analysis_stats")
        sigma = caller.data(f"files/{row['id']}/sigma_analysis") if attributes else None
        assert (stats is None) == (sigma is None)
        if sigma is not None:
            assert sigma["attributes"]["stats"]["severity_stats"] == stats


def test_premium_attributes_need_the_licence(sandbox: SandboxServer, caller: Caller) -> None:
    premium = Caller(sandbox.url, key="premium-key")
    url = f"urls/{base64_id('http://malicious.example/payload.bin')}"
    for path, names in (
        (f"files/{EICAR_SHA256}", {"threat_severity", "malware_config", "downloadable"}),
        (url, {"threat_severity", "favicon"}),
        ("domains/malicious.example", {"threat_severity"}),
    ):
        assert names <= set(premium.data(path)["attributes"])
        assert not names & set(caller.data(path)["attributes"])


def test_the_version_of_a_severity_is_a_number_or_a_text_and_its_date_a_text(sandbox: SandboxServer) -> None:
    premium = Caller(sandbox.url, key="premium-key")
    severities = [
        premium.data(path)["attributes"]["threat_severity"]
        for path in (f"files/{EICAR_SHA256}", "ip_addresses/8.8.8.8")
    ]
    assert [type(one["version"]) for one in severities] == [int, str]
    assert all(one["last_analysis_date"].isdigit() for one in severities)
