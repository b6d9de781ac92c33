"""Answers on stdout in the format that was chosen."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from ....actions import Action
from ....contract.next_steps import next_steps
from ....errors import printable
from .layout import lines_of, wrapped
from .quota_sheets import quota_sheets
from .report_card import card
from .result_sheets import Part, parts_of
from .sheet import ERROR_STYLE, VERDICT_STYLES, Cell, Sheet, cell
from .text_formats import as_csv, as_markdown
from .verdict_sheet import full_sheet, verdict_sheet

if TYPE_CHECKING:
    from ....contract.response import Response

_ENGINE_STYLES = {name: VERDICT_STYLES[name] for name in ("malicious", "suspicious")}
_ORDER = ("malicious", "suspicious")


def show(action: Action, responses: Sequence[Response], chosen: str, now: float) -> None:
    """Print the answers. `chosen`: a format that needs all of them. `now` in epoch seconds."""
    if chosen == "json":
        sys.stdout.write(json.dumps(responses, indent=2) + "\n")
    elif chosen in ("csv", "markdown"):
        sheets = list(_all_sheets(action, responses, now))
        sys.stdout.write(as_csv(sheets) if chosen == "csv" else as_markdown(sheets))
    else:
        _show_on_terminal(action, responses, now)


def show_sheet(sheet: Sheet, chosen: str) -> None:
    """Print one sheet that is no answer of an action, as `table`, `csv` or `markdown`."""
    if chosen == "table":
        console = Console()
        _print(console, lines_of(sheet, console.width))
    else:
        sys.stdout.write(as_csv([sheet]) if chosen == "csv" else as_markdown([sheet]))


def _all_sheets(action: Action, responses: Sequence[Response], now: float) -> Iterator[Sheet]:
    """The sheets of each answer that has any, and one sheet for all others."""
    others = []
    for response in responses:
        parts = [part for part in _parts(action, response, now) if isinstance(part, Sheet)]
        yield from parts
        if not parts:
            others.append(response)
    if others:
        yield full_sheet(action, others)


def _parts(action: Action, response: Response, now: float) -> list[Part]:
    data = response["data"] or {}
    if "windows" in data:
        return list(quota_sheets(response, now))
    return parts_of(action, data, response["summary"])


def _show_on_terminal(action: Action, responses: Sequence[Response], now: float) -> None:
    console, others = Console(), []
    for response in responses:
        parts = _parts(action, response, now)
        for number, part in enumerate(parts):
            lines = [Text(part)] if isinstance(part, str) else lines_of(part, console.width)
            _print(console, [Text(), *lines] if number and isinstance(parts[number - 1], Sheet) else lines)
        if not parts:
            others.append(response)
    if len(others) == 1:
        _print(console, card(action, others[0], console.width))
    elif others:
        _print(console, lines_of(verdict_sheet(action, others), console.width))
    for response in others:
        _print(console, _engines(response, console.width, is_alone=len(others) == 1))
    _print(console, _errors(others, console.width))
    _print(console, map(_command_for, (each for each in others if each["status"] == "pending")))


def _print(console: Console, lines: Sequence[Text] | Iterator[Text]) -> None:
    for line in lines:
        # Not wrapped by rich, so that a long value can be copied as one line.
        console.print(line, soft_wrap=True, highlight=False)


def _engines(response: Response, width: int, *, is_alone: bool) -> Iterator[Text]:
    """With `include: engines`: each engine's result, the detections first."""
    data = response["data"] or {}
    if "engines" not in data:
        return
    found = sorted(data["engines"].items(), key=lambda pair: (_rank(pair[1].get("category")), pair[0].lower()))
    rows = [(cell(name), _opinion(each.get("category")), cell(each.get("result"))) for name, each in found]
    yield Text()
    title = "" if is_alone else str(data["indicator"])
    yield from lines_of(Sheet(("engine", "opinion", "result"), rows, printable(title)), width)


def _opinion(category: str | None) -> Cell:
    return cell(category, _ENGINE_STYLES.get(str(category), ""))


def _rank(category: str | None) -> int:
    return _ORDER.index(category) if category in _ORDER else len(_ORDER)


def _errors(responses: Sequence[Response], width: int) -> Iterator[Text]:
    """Below the table: each message once, with its next steps."""
    found: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = {}  # how often, and what to do
    for response in responses:
        error = response["error"]
        if error:
            about = (error["code"], error["message"])
            count, steps = found.get(about, (0, ()))
            found[about] = (count + 1, tuple(dict.fromkeys((*steps, *next_steps(error, typed=True)))))
    told: set[str] = set()
    for (code, message), (count, steps) in found.items():
        times = f" ({count} times)" if count > 1 else ""
        first, *rest = wrapped(f"{code}{times}: {printable(message)}", width)
        yield Text.assemble("\n", (code, ERROR_STYLE), first[len(code) :])
        yield from map(Text, rest)
        new = [step for step in steps if step not in told]
        told.update(new)
        yield from (Text(f"  {line}") for step in new for line in wrapped(step, width - 2))


def _command_for(response: Response) -> Text:
    """Not wrapped, so that it can be copied."""
    private = " --private" if response["data"].get("private") else ""
    command = f"vtaction get_analysis {shlex.quote(response['data']['analysis_id'])}{private}"
    return Text(f"\nget the result later: {printable(command)}")
