"""What invented sandboxes saw files do: one report for each sandbox, and the merged summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .attack import TECHNIQUES, Technique, tactics_of
from .deterministic import digest, draw
from .kinds import Item, Kind, Verdict
from .links import ANNUAL_REPORT, EICAR, INVOICE, KEYGEN, linked_items
from .relationships import RELATIONSHIPS
from .verdicts import profile_of
from .web_attributes import REFERENCE_TIME, invented_address

# A name with a blank, and one whose report has next to nothing in it.
SANDBOXES = ("Sandbox One", "Birdcage", "Page Checker")
_SPARSE = "Page Checker"
_BY_CATALOGUE = {EICAR: SANDBOXES[:1], INVOICE: SANDBOXES, KEYGEN: SANDBOXES[:2], ANNUAL_REPORT: ()}
_RUN_KEY = "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run"
# Never merged into the summary: they belong to one report.
_OF_ONE_REPORT = {
    "analysis_date",
    "behash",
    "has_evtx",
    "has_html_report",
    "has_memdump",
    "has_pcap",
    "last_modification_date",
    "sandbox_name",
    "verdict_confidence",
}


@dataclass(frozen=True)
class Behaviour:
    """The report of one sandbox on one file."""

    file: Item
    sandbox: str

    @property
    def id(self) -> str:
        """The id in the API; it has a blank if the sandbox's name has one."""
        return f"{self.file.id}_{self.sandbox}"

    @property
    def techniques(self) -> list[Technique]:
        """What it saw of MITRE ATT&CK: nothing in harmless files and in sparse reports."""
        verdict = profile_of(self.file).verdict
        if self.sandbox == _SPARSE or self.file == EICAR or verdict is Verdict.UNDETECTED:
            return []
        first = 0 if verdict is Verdict.MALICIOUS else 3
        step = 1 if self.sandbox == SANDBOXES[0] else 2
        return list(TECHNIQUES[first::step])


def behaviours_of(file: Item) -> list[Behaviour]:
    """The reports on a file; none if it was never detonated."""
    names = _BY_CATALOGUE.get(file)
    if profile_of(file).verdict is Verdict.UNKNOWN:
        return []
    if names is None:
        names = SANDBOXES[: draw(file.value, "sandboxes", len(SANDBOXES) + 1)]
    return [Behaviour(file, name) for name in names]


def behaviour_with_id(ident: str) -> Behaviour | None:
    """The report with an id, if there is one."""
    sha256, _, name = ident.partition("_")
    return next((one for one in behaviours_of(Item(Kind.FILE, sha256.lower())) if one.sandbox == name), None)


def behaviour_attributes(behaviour: Behaviour) -> dict[str, Any]:
    """The attributes of a file_behaviour; dates in epoch seconds."""
    file, seed = behaviour.file, behaviour.file.value
    date = REFERENCE_TIME - draw(seed, behaviour.sandbox, 20 * 86400)
    attributes: dict[str, Any] = {
        "sandbox_name": behaviour.sandbox,
        "analysis_date": date,
        "last_modification_date": date + 3,
        "behash": digest(seed, behaviour.sandbox)[:32],
        "has_html_report": behaviour.sandbox == SANDBOXES[0],
        "has_pcap": behaviour.sandbox == SANDBOXES[0],
        "has_evtx": False,
        "has_memdump": False,
        "files_dropped": _dropped(file),
    }
    if behaviour.sandbox == _SPARSE:
        return attributes
    attributes.update(_on_the_machine(seed, behaviour.sandbox))
    attributes.update(_on_the_network(file))
    if behaviour.techniques:
        attributes.update(_judgement(behaviour))
    return attributes


def summary_of(behaviours: Iterable[Behaviour]) -> dict[str, Any]:
    """The union of the reports' lists, as in behaviour_summary."""
    summary: dict[str, Any] = {}
    for behaviour in behaviours:
        for name, rows in behaviour_attributes(behaviour).items():
            if name not in _OF_ONE_REPORT:
                there = summary.setdefault(name, [])
                there += [row for row in rows if row not in there]
    return {name: rows for name, rows in summary.items() if rows}


def mitre_trees(behaviours: Iterable[Behaviour]) -> dict[str, Any]:
    """The tactics by sandbox, as in behaviour_mitre_trees."""
    return {behaviour.sandbox: {"tactics": tactics_of(behaviour.techniques)} for behaviour in behaviours}


def _dropped(file: Item) -> list[dict[str, Any]]:
    dropped = linked_items(file, RELATIONSHIPS[Kind.FILE]["dropped_files"])[:3]
    return [{"path": f"%TEMP%\\{item.value[:8]}.tmp", "sha256": item.value} for item in dropped] + [
        {"path": "%TEMP%\\log"}
    ]


def _on_the_machine(seed: str, sandbox: str) -> dict[str, Any]:
    name = f"{seed[:6]}.exe"
    child = {"process_id": "2412", "name": "cmd.exe /c whoami"}
    return {
        "files_opened": ["C:\\Windows\\System32\\kernel32.dll", f"C:\\Users\\user\\{name}"],
        "files_written": [f"%APPDATA%\\{name}"],
        "registry_keys_opened": ["HKEY_LOCAL_MACHINE\\Software\\Policies"],
        "registry_keys_set": [{"key": f"{_RUN_KEY}\\{seed[:6]}", "value": f"%APPDATA%\\{name}"}],
        "processes_created": [f"%SAMPLEPATH%\\{name}", "C:\\Windows\\System32\\cmd.exe"],
        "processes_tree": [{"process_id": str(1000 + draw(seed, sandbox, 900)), "name": name, "children": [child]}],
        "command_executions": ["cmd.exe /c whoami"],
        "mutexes_created": [f"Global\\{digest(seed, 'mutex')[:12]}"],
        "modules_loaded": ["ws2_32.dll", "crypt32.dll"],
    }


def _on_the_network(file: Item) -> dict[str, Any]:
    names = RELATIONSHIPS[Kind.FILE]
    domains = linked_items(file, names["contacted_domains"])[:5]
    addresses = linked_items(file, names["contacted_ips"])[:5]
    urls = linked_items(file, names["contacted_urls"])[:5]
    return {
        "dns_lookups": [
            {"hostname": domain.value, "resolved_ips": [invented_address(domain.value, "A record")]}
            for domain in domains
        ],
        "ip_traffic": [
            {"destination_ip": ip.value, "destination_port": 443, "transport_layer_protocol": "TCP"} for ip in addresses
        ],
        "http_conversations": [
            {"url": url.value, "request_method": "GET", "response_status_code": 200} for url in urls
        ],
    }


def _judgement(behaviour: Behaviour) -> dict[str, Any]:
    techniques = behaviour.techniques
    is_malicious = profile_of(behaviour.file).verdict is Verdict.MALICIOUS
    return {
        "verdicts": ["MALWARE", "TROJAN"] if is_malicious else ["UNKNOWN_VERDICT"],
        "verdict_confidence": 90 if is_malicious else 30,
        "tags": ["CHECKS_USER_INPUT", "LONG_SLEEPS"],
        "mitre_attack_techniques": [
            {
                "id": technique.id,
                "severity": f"IMPACT_SEVERITY_{technique.severity}",
                "signature_description": technique.signature,
            }
            for technique in techniques
        ],
        "signature_matches": [
            {
                "id": str(number),
                "name": technique.name,
                "description": technique.signature,
                "format": "SIG_FORMAT_SANDBOX",
            }
            for number, technique in enumerate(techniques)
        ],
    }
