"""Security Onion: an analyzer's artifact to a request, and the response to the analyzer's output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .exchange import request
from .outcome import (
    FOUND,
    PENDING,
    SKIPPED,
    UNKNOWN,
    is_answer,
    is_harmless,
    message_of,
    outcome_of,
    ratio_of,
    verdict_of,
)

# Security Onion's observable types, and what they are called here.
KINDS = {"domain": "domain", "fqdn": "domain", "hash": "hash", "ip": "ip", "url": "url"}
# An analyzer is stopped after 900 s, and each job waits for its slowest analyzer.
LONGEST_S = 600.0
_STATUS = {"malicious": "threat", "suspicious": "caution"}
_SAID = {UNKNOWN: "unknown to VirusTotal", PENDING: "scan pending", SKIPPED: "not sent to VirusTotal"}
# Longer summaries are cut.
_LONGEST_SUMMARY = 50


class SecurityOnion:
    """`given`: the artifact with `artifactType` and `value`."""

    def requests(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [request("lookup", {"value": given["value"], "type": KINDS[given["artifactType"]]})]

    def output(self, given: Mapping[str, Any], responses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """`status` is `ok` only if engines call it harmless; a failure is `caution` with `error`."""
        [response] = responses
        if not is_answer(response):
            code = str(response["error"]["code"])
            return {"response": response, "summary": code, "status": "caution", "error": message_of(response)}
        return {"response": response, "summary": _summary(response)[:_LONGEST_SUMMARY], "status": _status(response)}


def _summary(response: Mapping[str, Any]) -> str:
    verdict = "harmless" if is_harmless(response) else verdict_of(response)
    return _SAID.get(outcome_of(response)) or f"{verdict} {ratio_of(response)}".strip()


def _status(response: Mapping[str, Any]) -> str:
    if outcome_of(response) != FOUND:
        return "info"
    return "ok" if is_harmless(response) else _STATUS.get(verdict_of(response), "info")
