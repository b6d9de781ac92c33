"""What runs in Cortex XSOAR. `bundle.py` puts the modules of this project before it, because XSOAR has no packages."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import demistomock as demisto
from CommonServerPython import (
    CommandResults,
    Common,
    EntityRelationship,
    EntryType,
    ExecutionMetrics,
    ScheduledCommand,
    handle_proxy,
    return_error,
    return_results,
    tableToMarkdown,
)

from vt_connectors.adapters.soar.exchange import WayIn, exchange, failed, request
from vt_connectors.adapters.soar.markdown import escaped
from vt_connectors.adapters.soar.outcome import is_answer, message_of
from vt_connectors.adapters.soar.serve_client import ServeClient
from vt_connectors.adapters.soar.xsoar import Entry, Poll, Results, XsoarCodec
from vt_connectors.adapters.soar.xsoar_arguments import Call, Command, More
from vt_connectors.adapters.soar.xsoar_indicators import CLASSES, entity_type

_VENDOR = "VTLookup"
_USUAL_S, _LONGEST_S = 240.0, 900.0
# XSOAR gives enrichment that somebody waits for this long in total.
_INLINE_S = 15.0
# `vtaction serve` takes 1 MiB for each call, and base64 makes a file larger by a third.
_MOST_FILE_BYTES = 740_000


class WithFiles(WayIn):
    """Puts files of the War Room into requests that name their entries."""

    def __init__(self, server: WayIn) -> None:
        self._server = server

    def answers(self, requests: Sequence[Mapping[str, Any]], within_s: float) -> list[dict[str, Any]]:
        """See `WayIn`."""
        documents: list[Mapping[str, Any]] = []
        refused: dict[int, dict[str, Any]] = {}
        for number, document in enumerate(requests):
            try:
                documents.append(_with_file(document))
            except (OSError, ValueError) as error:
                refused[number] = failed(document, "invalid_request", str(error), retryable=False)
        found = iter(self._server.answers(documents, within_s) if documents else [])
        return [refused[number] if number in refused else next(found) for number in range(len(requests))]


def _with_file(document: Mapping[str, Any]) -> Mapping[str, Any]:
    params = dict(document["params"])
    entry = params.pop("entry_id", None)
    if entry is None:
        return document
    try:
        file = demisto.getFilePath(entry)
    except Exception as error:
        # XSOAR raises ValueError, or whatever its version does.
        raise ValueError(f"there is no file with the entry ID {entry!r}: {error}") from error
    size = os.path.getsize(file["path"])  # noqa: PTH202
    if size > _MOST_FILE_BYTES:
        raise ValueError(f"{file['name']} has {size} bytes; at most {_MOST_FILE_BYTES} can be sent from here")
    with open(file["path"], "rb") as content:  # noqa: PTH123
        params["content_base64"] = base64.b64encode(content.read()).decode()
    return {**document, "params": {**params, "filename": file["name"]}}


def _results(command: Command, call: Call, output: Results, reliability: str) -> list[Any]:
    """What the War Room and the context get. A failure is an error if no value has an answer, and a warning beside
    answers, because XSOAR stops a playbook at an error.
    """
    answers = any(entry.is_answer for entry in output.entries) or bool(output.waiting)
    kind = EntryType.WARNING if answers else EntryType.ERROR
    results = [
        _result(command, entry, EntryType.NOTE if entry.is_answer else kind, reliability) for entry in output.entries
    ]
    if output.poll:
        results.append(_waiting(call, output.waiting, output.poll))
    counts = Counter(entry.metric for entry in [*output.entries, *output.waiting])
    metrics = ExecutionMetrics(**counts)
    if ExecutionMetrics.is_supported() and metrics.metrics:
        results.append(metrics.metrics)
    return results


def _waiting(call: Call, waiting: Sequence[Entry], poll: Poll) -> Any:
    scheduled = ScheduledCommand(
        command=call.command,
        next_run_in_seconds=poll.after_s,
        args=dict(poll.args),
        timeout_in_seconds=poll.timeout_s,
    )
    lines = "\n".join("- " + escaped(_title(entry)) for entry in waiting)
    about = f"Waiting; the command runs again in {poll.after_s} s:\n{lines}"
    return CommandResults(readable_output=about, scheduled_command=scheduled, ignore_auto_extract=True)


def _result(command: Command, entry: Entry, kind: int, reliability: str) -> Any:
    """Indicators in the text are not extracted, because looking each of them up would use the quota."""
    title = escaped(_title(entry))
    rows = [{name: _cell(value) for name, value in row.items()} for row in entry.rows]
    found = entry.scored
    indicator = _indicator(entry, reliability) if found else None
    return CommandResults(
        outputs_prefix=f"{_VENDOR}.{command.output}",
        outputs_key_field="indicator" if "indicator" in entry.outputs else None,
        outputs=dict(entry.outputs),
        indicator=indicator,
        relationships=indicator.relationships if indicator else None,
        readable_output=tableToMarkdown(title, rows, removeNull=True) if rows else f"### {title}",
        # XSOAR shows the raw response of an error.
        raw_response=dict(entry.outputs) if entry.is_answer else _title(entry),
        entry_type=kind,
        ignore_auto_extract=True,
    )


def _title(entry: Entry) -> str:
    return f"{entry.value}: {entry.text}" if entry.value else entry.text


def _cell(value: Any) -> Any:
    return escaped(value, in_table=True) if isinstance(value, str) else value


def _indicator(entry: Entry, reliability: str) -> Any:
    found = entry.scored
    assert found is not None
    name = CLASSES[found.kind]
    score = Common.DBotScore(
        indicator=found.value,
        indicator_type=name.lower(),
        integration_name=_VENDOR,
        score=found.score,
        malicious_description=found.message if found.score == Common.DBotScore.BAD else None,
        reliability=reliability,
        message=found.message,
    )
    relationships = [
        EntityRelationship(
            name=means,
            entity_a=found.value,
            entity_a_type=entity_type(found.kind, found.value),
            entity_b=other,
            entity_b_type=kind,
            source_reliability=reliability,
            brand=_VENDOR,
        )
        for means, other, kind in found.relationships
    ]
    return getattr(Common, name)(dbot_score=score, relationships=relationships or None, **found.fields)


def _seconds(params: Mapping[str, Any]) -> float:
    text = params.get("max_wait") or _USUAL_S
    try:
        most_s = min(float(text), _LONGEST_S)
    except ValueError:
        raise ValueError(f"the longest wait must be a number of seconds, not {text!r}") from None
    is_inline = hasattr(demisto, "isTimeSensitive") and demisto.isTimeSensitive()
    return min(most_s, _INLINE_S) if is_inline else most_s


def _test(way_in: WayIn) -> None:
    """The server, the token and VirusTotal's key are all right if the quota can be read."""
    answer = way_in.answers([request("quota", {})], _USUAL_S)[0]
    if is_answer(answer):
        return_results("ok")
    else:
        return_error(message_of(answer))


def main(commands: Mapping[str, Command]) -> None:
    """XSOAR starts this for each call of a command."""
    try:
        params, name = demisto.params(), demisto.command()
        handle_proxy()
        server = ServeClient(str(params.get("url") or ""), str((params.get("credentials") or {}).get("password") or ""))
        if name == "test-module":
            _test(server)
            return
        if name not in commands:
            raise NotImplementedError(f"there is no command {name}")
        call = Call(name, demisto.args())
        more = More(bool(params.get("create_relationships")), bool(params.get("further_facts")))
        codec = XsoarCodec(commands, more)
        output = exchange(codec, call, WithFiles(server), _seconds(params))
        reliability = params.get("integrationReliability") or "C - Fairly reliable"
        return_results(_results(commands[name], call, output, reliability))
    except Exception as error:
        return_error(f"{type(error).__name__}: {error}", error=error)
