"""Splunk SOAR: an action run to a request, and its response to a result with a summary."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .exchange import request_within
from .outcome import (
    REFUSED,
    TEMPORARY,
    detections,
    is_answer,
    message_of,
    outcome_of,
    retry_after_s,
    verdict_of,
)

# An app run of the platform, which may have several parameter sets, must be over by then.
LONGEST_RUN_S = 240.0
# The last answers come so much earlier, because the process ends after its requests in flight: two attempts of 30 s.
IN_FLIGHT_S = 60.0
# Parameters of the platform are text, numbers and booleans. These are comma-separated lists in it, or JSON objects.
LISTS = frozenset(
    (("behaviour", "parts"), *((f"lookup{kind}", "relationships") for kind in ("", "_hash", "_url", "_domain", "_ip")))
)
OBJECTS = frozenset((("vt_get", "query"),))


class Run(NamedTuple):
    """One parameter set of an app run. `within_s`: how much of the run's time is left."""

    action: str
    params: Mapping[str, Any]
    within_s: float


class Result(NamedTuple):
    """What the platform records. `data` is None if it failed."""

    succeeded: bool
    message: str
    summary: dict[str, Any]
    data: dict[str, Any] | None


class SplunkSoar:
    """See `exchange.Codec`."""

    def requests(self, given: Run) -> list[dict[str, Any]]:
        params = {
            name: _value(given.action, name, value)
            for name, value in given.params.items()
            if value is not None and value != ""
        }
        return [request_within(given.action, params, given.within_s)]

    def output(self, given: Run, responses: Sequence[Mapping[str, Any]]) -> Result:
        [response] = responses
        succeeded = is_answer(response)
        data = {**response["data"], "status": response["status"]} if succeeded else None
        return Result(succeeded, _message(response), _summary(response), data)


def _value(action: str, name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if (action, name) in LISTS:
        return [part.strip() for part in value.split(",") if part.strip()]
    if (action, name) in OBJECTS:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _message(response: Mapping[str, Any]) -> str:
    outcome, message = outcome_of(response), message_of(response)
    if outcome == REFUSED:
        return f"{message}. Check the settings of the asset."
    if outcome in TEMPORARY and retry_after_s(response) is None:
        return f"{message}. Try again later."
    return message


def _summary(response: Mapping[str, Any]) -> dict[str, Any]:
    """A playbook can branch on it after a failure too."""
    meta, data, error = response["meta"], response.get("data") or {}, response.get("error") or {}
    objecting, engines = detections(response) or (None, None)
    fields = {
        "status": response["status"],
        "verdict": verdict_of(response) if "verdict" in data else None,
        "detections": objecting,
        "engines": engines,
        "analysis_id": data.get("analysis_id"),
        "source": meta.get("source"),
        "age_s": meta.get("age_s"),
        "requests": meta.get("requests"),
        "error_code": error.get("code"),
        "retryable": outcome_of(response) in TEMPORARY if error else None,
        "retry_after_s": retry_after_s(response),
    }
    return {name: value for name, value in fields.items() if value is not None}
