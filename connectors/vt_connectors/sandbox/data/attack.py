"""The techniques of MITRE ATT&CK that invented sandbox reports show. Source of names and ids: https://attack.mitre.org"""

from __future__ import annotations

from typing import Any, NamedTuple

_SITE = "https://attack.mitre.org"


class Technique(NamedTuple):
    """A technique with its tactic, and what a sandbox says about it; `severity` as in HIGH or INFO."""

    id: str
    name: str
    tactic_id: str
    tactic: str
    severity: str
    signature: str


# Worst first.
TECHNIQUES = (
    Technique("T1055", "Process Injection", "TA0005", "Defense Evasion", "HIGH", "Writes into another process"),
    Technique(
        "T1547.001", "Registry Run Keys / Startup Folder", "TA0003", "Persistence", "HIGH", "Starts with Windows"
    ),
    Technique("T1059.001", "PowerShell", "TA0002", "Execution", "MEDIUM", "Runs an encoded PowerShell command"),
    Technique("T1071.001", "Web Protocols", "TA0011", "Command and Control", "MEDIUM", "Sends data in HTTP requests"),
    Technique("T1027", "Obfuscated Files or Information", "TA0005", "Defense Evasion", "LOW", "Has a packed section"),
    Technique("T1082", "System Information Discovery", "TA0007", "Discovery", "INFO", "Reads the computer's name"),
    Technique("T1083", "File and Directory Discovery", "TA0007", "Discovery", "INFO", "Lists folders"),
    Technique("T1012", "Query Registry", "TA0007", "Discovery", "UNKNOWN", "Reads registry keys"),
)


def tactics_of(techniques: list[Technique]) -> list[dict[str, Any]]:
    """The tree of tactics with their techniques, as in behaviour_mitre_trees."""
    tactics: dict[str, dict[str, Any]] = {}
    for technique in techniques:
        made = {
            "id": technique.tactic_id,
            "name": technique.tactic,
            "description": f"The tactic {technique.tactic} of MITRE ATT&CK",
            "link": f"{_SITE}/tactics/{technique.tactic_id}/",
            "techniques": [],
        }
        tactics.setdefault(technique.tactic_id, made)["techniques"].append(_leaf(technique))
    return list(tactics.values())


def technique_attributes(technique: Technique) -> dict[str, Any]:
    """The attributes of an attack_technique object."""
    return {
        "name": technique.name,
        "description": f"The technique {technique.name} of MITRE ATT&CK",
        "link": _link(technique),
        "stix_id": f"attack-pattern--sandbox-{technique.id.lower()}",
    }


def _leaf(technique: Technique) -> dict[str, Any]:
    return {
        "id": technique.id,
        "name": technique.name,
        "description": f"The technique {technique.name} of MITRE ATT&CK",
        "link": _link(technique),
        "signatures": [{"severity": technique.severity, "description": technique.signature}],
    }


def _link(technique: Technique) -> str:
    return f"{_SITE}/techniques/{technique.id.replace('.', '/')}/"
