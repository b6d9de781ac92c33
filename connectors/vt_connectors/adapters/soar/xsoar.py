"""The codec of Cortex XSOAR: commands to requests, and responses to entries, scores and polling."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .exchange import Codec
from .outcome import OUT_OF_QUOTA, PENDING, REFUSED, is_answer, message_of, outcome_of, retry_after_s
from .xsoar_arguments import SCANS, Asked, Call, Command, More, asked, request_for, typed
from .xsoar_indicators import Scored, scored

# XSOAR's shortest interval, and ours if the response names none.
_SHORTEST_S, _INTERVAL_S = 10, 60
_POLLING_S = 3600
_MOST_ROWS = 100
_NO_MORE = More()
# What XSOAR counts, by outcome and by code.
_METRICS = {
    OUT_OF_QUOTA: "quota_error",
    REFUSED: "auth_error",
    "timeout": "timeout_error",
    "unavailable": "connection_error",
    "invalid_response": "service_error",
}


class Entry(NamedTuple):
    """One answer, or one failure. `rows` are for people, `outputs` for the context. `metric`: what XSOAR counts it as.
    `scan`: the id of an analysis that is not finished.
    """

    value: str | None
    is_answer: bool
    text: str
    rows: Sequence[Mapping[str, Any]]
    outputs: Mapping[str, Any]
    metric: str
    scored: Scored | None
    scan: str | None


class Poll(NamedTuple):
    """When the command runs again, and with which arguments."""

    after_s: int
    timeout_s: int
    args: Mapping[str, Any]


class Results(NamedTuple):
    """`waiting`: entries that `poll` asks for again. They wait for quota, or for the end of a scan."""

    entries: Sequence[Entry]
    waiting: Sequence[Entry]
    poll: Poll | None


class XsoarCodec(Codec[Call, Results]):
    """`commands` by name."""

    def __init__(self, commands: Mapping[str, Command], more: More = _NO_MORE) -> None:
        self._commands = commands
        self._more = more

    def requests(self, given: Call) -> list[dict[str, Any]]:
        """See `exchange.Codec`."""
        command = self._commands[given.command]
        return [request_for(command, given.args, one, self._more) for one in asked(command, given.args)]

    def output(self, given: Call, responses: Sequence[Mapping[str, Any]]) -> Results:
        """See `exchange.Codec`."""
        command = self._commands[given.command]
        entries = [_entry(one, response) for one, response in zip(asked(command, given.args), responses)]
        most_s = typed(given.args.get("timeout_in_seconds") or _POLLING_S, "integer")
        longest_s = most_s if isinstance(most_s, int) else _POLLING_S
        polls = typed(given.args.get("polling"), "boolean") is True
        delays = [_delay_s(response) if polls else None for response in responses]
        waits = [delay is not None and delay < longest_s for delay in delays]
        waiting = [entry for entry, waits_for_it in zip(entries, waits) if waits_for_it]
        rest = [entry for entry, waits_for_it in zip(entries, waits) if not waits_for_it]
        if not waiting:
            return Results(rest, (), None)
        # The next run asks about all of them, so it begins when the last one is ready.
        after_s = max(delay for delay, waits_for_it in zip(delays, waits) if delay is not None and waits_for_it)
        # Those with a scan come first: the command tells scans from values by their number.
        waiting.sort(key=lambda entry: entry.scan is None)
        return Results(rest, waiting, Poll(after_s, longest_s, _again(command, given.args, waiting)))


def _delay_s(response: Mapping[str, Any]) -> int | None:
    """When the same request makes sense again; None if polling does not help."""
    if outcome_of(response) not in (PENDING, OUT_OF_QUOTA):
        return None
    return max(_SHORTEST_S, retry_after_s(response) or _INTERVAL_S)


def _again(command: Command, args: Mapping[str, Any], waiting: Sequence[Entry]) -> dict[str, Any]:
    """The arguments of the next run. Lists are JSON, because values may contain commas."""
    if not command.argument:
        return dict(args)
    scans = [entry.scan for entry in waiting if entry.scan]
    return {
        **{name: value for name, value in args.items() if name != SCANS},
        command.argument: json.dumps([entry.value for entry in waiting]),
        **({SCANS: json.dumps(scans)} if scans else {}),
    }


def _entry(one: Asked, response: Mapping[str, Any]) -> Entry:
    data = response.get("data") or {}
    outcome = outcome_of(response)
    code = str((response.get("error") or {}).get("code"))
    answered = is_answer(response)
    metric = "success" if answered else _METRICS.get(code) or _METRICS.get(outcome, "general_error")
    scan = (data.get("analysis_id") or one.scan) if outcome == PENDING else None
    about = {"indicator": one.value} if one.value is not None else {}
    outputs = {**about, **data, "status": response["status"], "summary": message_of(response)}
    if response.get("error"):
        outputs["error"] = {
            name: response["error"].get(name) for name in ("code", "message", "retryable", "retry_after_s")
        }
    text, rows = message_of(response), _rows(data)
    return Entry(one.value, answered, text, rows, outputs, metric, scored(response, one.value), scan)


def _rows(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of the answer, such as comments; if it has none, its own texts and numbers."""
    for name, found in data.items():
        if isinstance(found, list) and found and isinstance(found[0], Mapping) and name != "detected_by":
            return [_plain(row) for row in found[:_MOST_ROWS]]
    row = _plain(data)
    return [row] if row else []


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: ", ".join(found) for name, found in row.items() if _is_texts(found)}
    return {**{name: found for name, found in row.items() if isinstance(found, (str, int, float))}, **texts}


def _is_texts(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(item, str) for item in found)
