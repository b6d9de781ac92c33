"""Actions for people: a table on a terminal, JSON lines in a pipe, a progress bar where waiting is likely."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from ..actions import Action
from ..clock import SystemClock
from ..contract import Options, Request
from .exit_codes import ExitCode
from .settled import core_from

_SIDE_BY_SIDE = 4
_COLORS = {"malicious": "bold red", "suspicious": "yellow", "undetected": "green", "error": "bold magenta"}


class Answering(Protocol):
    def run(self, request: Request) -> dict[str, Any]: ...


def act(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock, *, as_json: bool) -> int:
    """The exit status."""
    core = core_from(environment, clock)
    requests = list(_requests(options))
    code = ExitCode()
    responses = _responses(core, requests)
    if as_json:
        for response in responses:
            code.saw(response)
            sys.stdout.write(json.dumps(response) + "\n")
            sys.stdout.flush()
    else:
        shown = list(_with_progress(responses, len(requests)))
        for response in shown:
            code.saw(response)
        _show(options.action, shown)
    return code.value


def _requests(options: argparse.Namespace) -> Iterator[Request]:
    action: Action = options.action
    how = Options(
        cache=options.cache,
        max_age_s=options.max_age,
        max_wait_s=options.max_wait,
        include=frozenset(options.include),
    )
    extra = {name: getattr(options, name) for name in ("comment", "type") if getattr(options, name, None)}
    if action.value is None:
        yield Request(action.name, {}, how)
    for value in _values(options.values):
        yield Request(action.name, {action.value or "": value, **extra}, how, id=value)


def _values(values: list[str]) -> Iterator[str]:
    for value in values:
        if value == "-":
            yield from filter(None, (line.strip() for line in sys.stdin))
        else:
            yield value


def _responses(core: Answering, requests: list[Request]) -> Iterator[dict[str, Any]]:
    if len(requests) == 1:
        yield core.run(requests[0])
        return
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        yield from pool.map(core.run, requests)


def _with_progress(responses: Iterable[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("asking VirusTotal", total=count)
        for response in responses:
            progress.advance(task)
            yield response


def _show(action: Action, responses: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in ("indicator", "verdict", "what", "last analysis", "source"):
        table.add_column(name, overflow="fold")
    for response in responses:
        data = response["data"] or {}
        verdict = data.get("verdict") or response["status"]
        # Text, not markup: names and messages come from outside.
        table.add_row(
            Text(_printable(data.get("indicator") or str(response["id"] or action.name))),
            Text(verdict, style=_COLORS.get(verdict, "")),
            Text(_printable(response["summary"])),
            Text(data.get("last_analysis", "")),
            Text(response["meta"]["source"] or ""),
        )
    Console().print(table)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
