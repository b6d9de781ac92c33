"""Wazuh: an alert to a request, and the response to the event that its rules expect of the stock integration.

Field names and error numbers are those of Wazuh's own integration `virustotal` and its rules 87100 to 87105.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .exchange import request
from .outcome import FOUND, OUT_OF_QUOTA, REFUSED, UNKNOWN, detections, is_answer, message_of, outcome_of, verdict_of

# The stock rules are about this name.
INTEGRATION = "virustotal"
# integratord waits for a script without a limit, and runs one at a time; other alerts wait meanwhile.
LONGEST_S = 30.0
_HASHES = ("sha256_after", "sha1_after", "md5_after")
_DATA = (
    *(("sha256", "hash"), ("sha1", "hash"), ("md5", "hash"), ("hash", "hash")),
    *(("url", "url"), ("srcip", "ip"), ("src_ip", "ip"), ("hostname", "domain")),
)
# Rules 87101 (the limit of requests is reached) and 87102 (check the credentials).
_ERRORS = {OUT_OF_QUOTA: 204, REFUSED: 403}


class Wazuh:
    """`given`: the alert. The output is the event, or None for an alert without a value to look up."""

    def requests(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = _value_in(given)
        return [] if found is None else [request("lookup", {"value": found[0], "type": found[1]})]

    def output(self, given: Mapping[str, Any], responses: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not responses:
            return None
        [response] = responses
        told = _answer(response) if is_answer(response) else _failure(response)
        return {"integration": INTEGRATION, "virustotal": {**told, "source": _source(given)}}


def _value_in(alert: Mapping[str, Any]) -> tuple[str, str] | None:
    """The file of a syscheck alert, or else the first field of `data` that has a value."""
    syscheck = _object(alert, "syscheck")
    data = _object(alert, "data")
    named = [(syscheck.get(name), "hash") for name in _HASHES] + [(data.get(name), kind) for name, kind in _DATA]
    return next(((value, kind) for value, kind in named if isinstance(value, str) and value), None)


def _answer(response: Mapping[str, Any]) -> dict[str, Any]:
    """`found` only if VirusTotal was asked: a value that may not be sent, or is being scanned, is not unknown."""
    data = response.get("data") or {}
    outcome = outcome_of(response)
    told: dict[str, Any] = {"status": response["status"], "description": str(response["summary"])}
    if outcome == UNKNOWN:
        return {**told, "found": 0, "malicious": 0}
    if outcome != FOUND:
        return told
    positives, total = detections(response) or (0, 0)
    told.update(found=1, malicious=int(positives > 0), positives=positives, total=total)
    told.update(verdict=verdict_of(response), permalink=data.get("link") or "")
    if data.get("last_analysis"):
        told["scan_date"] = data["last_analysis"]
    return told


def _failure(response: Mapping[str, Any]) -> dict[str, Any]:
    code = response["error"]["code"]
    number = _ERRORS.get(outcome_of(response))
    return {"error": code if number is None else number, "code": code, "description": message_of(response)}


def _source(alert: Mapping[str, Any]) -> dict[str, Any]:
    syscheck = _object(alert, "syscheck")
    return {
        "alert_id": alert.get("id", ""),
        "file": syscheck.get("path", ""),
        "md5": syscheck.get("md5_after", ""),
        "sha1": syscheck.get("sha1_after", ""),
    }


def _object(alert: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = alert.get(name)
    return found if isinstance(found, Mapping) else {}


def location(alert: Mapping[str, Any], name: str) -> str:
    """Where the event comes from, in the form that the queue of analysisd expects: `name` behind the alert's agent."""
    agent = _object(alert, "agent")
    if not agent or agent.get("id") == "000":
        return f"1:{name}:"
    where = f"[{agent.get('id')}] ({agent.get('name')}) {agent.get('ip') or 'any'}"
    return f"1:{where.replace('|', '||').replace(':', '|:')}->{name}:"
