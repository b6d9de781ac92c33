"""Rapid7 InsightConnect: the input of an action to a request, its response to output or to a cause with assistance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .exchange import request_within
from .outcome import (
    FAILED,
    INVALID,
    OUT_OF_QUOTA,
    REFUSED,
    UNREACHABLE,
    is_answer,
    message_of,
    outcome_of,
    retry_after_s,
)

# How long a step of a workflow takes at most.
LONGEST_STEP_S = 240.0
_ASSISTANCE = {
    OUT_OF_QUOTA: "Repeat the step later, or raise the quota of this client at the server.",
    UNREACHABLE: "Repeat the step later. Check that the server at the address of the connection is ready.",
    REFUSED: "Check the connection's token and its rights, and the key and settings of the server.",
    INVALID: "Correct the input of the step.",
    FAILED: "Check in VirusTotal what was done before you repeat the step, and the log of the server.",
}


class StepInput(NamedTuple):
    """The input of one step, which runs an action."""

    action: str
    values: Mapping[str, Any]


class StepResult(NamedTuple):
    """`output` is None if the step failed. `data`: the code of the failure, and when to repeat it."""

    output: dict[str, Any] | None
    cause: str
    assistance: str
    data: dict[str, Any]


class InsightConnect:
    """See `exchange.Codec`."""

    def requests(self, given: StepInput) -> list[dict[str, Any]]:
        params: dict[str, Any] = {}
        for name, value in given.values.items():
            if value is None or value == "":
                continue
            params.update(_file_params(value) if name == "file" else {name: value})
        return [request_within(given.action, params, LONGEST_STEP_S)]

    def output(self, given: StepInput, responses: Sequence[Mapping[str, Any]]) -> StepResult:
        [response] = responses
        if is_answer(response):
            told = {"status": response["status"], "found": response["status"] == "ok", "message": message_of(response)}
            return StepResult({**_without_nulls(response["data"]), **told}, "", "", {})
        error = response["error"]
        data = {"code": error["code"], "retryable": error["retryable"], "retry_after_s": retry_after_s(response)}
        return StepResult(None, f"{message_of(response).rstrip('.')}.", _ASSISTANCE[outcome_of(response)], data)


def _file_params(file: Mapping[str, Any]) -> dict[str, Any]:
    """The platform's files have a name and their content in base64."""
    given = {"content_base64": file.get("content"), "filename": file.get("filename")}
    return {name: value for name, value in given.items() if value}


def _without_nulls(value: Any) -> Any:
    """The platform's types have no null."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value if part is not None] if isinstance(value, list) else value
