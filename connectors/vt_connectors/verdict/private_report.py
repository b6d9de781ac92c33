"""VirusTotal's object on a private scan to the contract's `data`. Pure, and every attribute is optional.

Such an object has VirusTotal's own verdict instead of results of engines. At most one engine gave a result on a URL in
recorded responses, so its "harmless" must not count as a verdict.

Source: https://docs.virustotal.com/reference/private-files and https://docs.virustotal.com/reference/private-urls. The
verdict (`threat_verdict`) is not among the attributes there; it is known from recorded responses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..indicators import Indicator
from .report import Report, mapping, report_of, text, time_of
from .rule import Verdict

# VirusTotal's word after VERDICT_. The contract has no word for benign: undetected is not the same as safe.
_VERDICTS: dict[str, Verdict] = {
    "malicious": "malicious",
    "suspicious": "suspicious",
    "undetected": "undetected",
    "benign": "undetected",
    "harmless": "undetected",
    "unknown": "unknown",
}
SEVERITIES = ("high", "medium", "low", "none", "unknown")
# A page for people is left out, because its address would be that of the public object. So are `first_seen`, votes and
# reputation, which are the community's.
_LEFT_OUT = ("link", "first_seen", "votes", "reputation")


def private_report_of(vt_object: Mapping[str, Any], indicator: Indicator, parts: Iterable[str] = ()) -> Report:
    """`parts`: as in `report_of`. `verdict` is VirusTotal's, without any thresholds. `has_verdict` says whether it sent
    one. `expires`: when VirusTotal deletes the report.
    """
    attributes = mapping(vt_object.get("attributes"))
    report = report_of(vt_object, indicator, parts)
    told = private_verdict(attributes)
    more = {
        "verdict": told or "unknown",
        "has_verdict": told is not None,
        "threat_severity": _severity(attributes),
        "expires": time_of(attributes.get("expiration")),
    }
    found = {name: value for name, value in {**report, **more}.items() if value is not None}
    return {name: value for name, value in found.items() if name not in _LEFT_OUT}


def private_verdict(attributes: Mapping[str, Any]) -> Verdict | None:
    """VirusTotal's verdict; else that of Google Threat Intelligence, if it has one; None if there is none of them."""
    assessed = mapping(mapping(attributes.get("gti_assessment")).get("verdict")).get("value")
    for told in (attributes.get("threat_verdict"), assessed):
        verdict = _VERDICTS.get((text(told) or "").rpartition("_")[2].lower())
        if verdict is not None:
            return verdict
    return None


def _severity(attributes: Mapping[str, Any]) -> str | None:
    level = text(mapping(attributes.get("threat_severity")).get("threat_severity_level"))
    word = (level or "").rpartition("_")[2].lower()
    return word if word in SEVERITIES else None
