"""What a file's report says besides the engines: sandboxes, YARA, Sigma and IDS rules, and the signature."""

from __future__ import annotations

from typing import Any

from .behaviour import Behaviour, behaviours_of
from .deterministic import digest, draw, pick
from .engines import family_of
from .kinds import Item, Verdict
from .links import INVOICE
from .sigma import sigma_results, sigma_stats
from .verdicts import profile_of
from .web_attributes import REFERENCE_TIME

_PROGRAMS = ("peexe", "pedll")
_RULESETS = ("sandbox_loaders", "sandbox_packers")
_RULES = (
    # Level, message (names are written with blanks, so that nobody clicks on them), category.
    ("high", "Known bad host malicious .example looked up", "A Network Trojan was detected"),
    ("medium", "Download of a program over HTTP", "Potentially Bad Traffic"),
    ("info", "Ping before a connection", "Misc activity"),
)
_LEVELS = ("high", "medium", "low", "info")


def file_findings(file: Item, type_tag: str) -> dict[str, Any]:
    """The attributes; each is missing where there is nothing to say."""
    behaviours = behaviours_of(file)
    sigma = sigma_results(file)
    found: dict[str, Any] = {
        "sandbox_verdicts": {one.sandbox: _sandbox_verdict(one) for one in behaviours},
        "crowdsourced_yara_results": _yara(file),
        "sigma_analysis_results": sigma,
        "crowdsourced_ids_results": _ids(file) if behaviours else [],
        "signature_info": _signature(file) if type_tag in _PROGRAMS else {},
    }
    if sigma:
        found["sigma_analysis_stats"] = sigma_stats(sigma)
        found["sigma_analysis_summary"] = {"Sandbox Rules": sigma_stats(sigma)}
    if found["crowdsourced_ids_results"]:
        said = [row["alert_severity"] for row in found["crowdsourced_ids_results"]]
        found["crowdsourced_ids_stats"] = {level: said.count(level) for level in _LEVELS}
    if type_tag in _PROGRAMS:
        found["authentihash"] = digest(file.value, "authentihash")
        found["main_icon"] = {"raw_md5": digest(file.value, "icon")[:32], "dhash": digest(file.value, "icon")[32:48]}
    return {name: value for name, value in found.items() if value}


def _sandbox_verdict(behaviour: Behaviour) -> dict[str, Any]:
    if not behaviour.techniques:
        return {
            "category": "harmless",
            "sandbox_name": behaviour.sandbox,
            "malware_classification": ["CLEAN"],
        }
    is_malicious = profile_of(behaviour.file).verdict is Verdict.MALICIOUS
    return {
        "category": "malicious" if is_malicious else "suspicious",
        "confidence": 90 if is_malicious else 30,
        "sandbox_name": behaviour.sandbox,
        "malware_classification": ["MALWARE", "TROJAN"] if is_malicious else ["UNKNOWN_VERDICT"],
        "malware_names": [family_of(behaviour.file)],
    }


def _yara(file: Item) -> list[dict[str, Any]]:
    """One rule matches INVOICE twice; the second match has no date."""
    if profile_of(file).verdict is not Verdict.MALICIOUS or not draw(file.value, "yara", 4):
        return []
    row = {
        "rule_name": f"Loader_{family_of(file)}",
        "ruleset_name": pick(file.value, "ruleset", _RULESETS),
        "ruleset_id": digest(file.value, "ruleset")[:10],
        "author": "Sandbox Authors",
        "source": "https://rules.example/sandbox",
        "description": "Detects a loader",
    }
    dated = {**row, "match_date": REFERENCE_TIME - draw(file.value, "yara date", 9_000_000)}
    return [dated, row] if file == INVOICE else [dated]


def _ids(file: Item) -> list[dict[str, Any]]:
    verdict = profile_of(file).verdict
    if verdict is Verdict.UNDETECTED:
        return []
    rules = _RULES if verdict is Verdict.MALICIOUS else _RULES[1:]
    return [
        {
            "rule_category": category,
            "rule_msg": message,
            "alert_severity": level,
            "rule_id": f"1:{2_000_000 + draw(message, 'rule', 99_999)}",
            "rule_source": "Sandbox Rules",
            "rule_url": "https://rules.example/ids",
            "rule_raw": f'alert tcp any any -> any any (msg:"{message}";)',
            "alert_context": [{"dest_ip": "203.0.113.66", "dest_port": 80, "hostname": "malicious.example"}],
        }
        for level, message, category in rules
    ]


def _signature(file: Item) -> dict[str, Any]:
    signer = pick(file.value, "signer", ("Meadow Software", "Orchard Tools"))
    name = f"{file.value[:6]}.exe"
    made = {
        "product": "Document Viewer",
        "description": "Shows documents",
        "copyright": f"(c) {signer}",
        "original name": name,
        "internal name": name,
        "file version": "1.2.0.1",
    }
    if profile_of(file).verdict is not Verdict.UNDETECTED:
        return made
    detail = {"name": signer, "status": "Valid", "valid usage": "Code Signing", "algorithm": "sha256RSA"}
    return {**made, "verified": "Signed", "signers": f"{signer}; Sandbox Trust", "signers details": [detail]}
