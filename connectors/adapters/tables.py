"""Answers for people, as tables."""

from __future__ import annotations

import shlex
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..actions import Action

_COLORS = {"malicious": "bold red", "suspicious": "yellow", "undetected": "green", "error": "bold magenta"}
_ROWS = {
    "resolutions": {"host": "host", "address": "ip", "last seen": "date", "resolver": "resolver"},
    "comments": {"date": "date", "comment": "text", "tags": "tags"},
}


def show(action: Action, responses: list[dict[str, Any]]) -> None:
    """Print a table of the answers; for what comes in rows, one for each answer."""
    console = Console()
    others = []
    for response in responses:
        name = next((name for name in _ROWS if name in (response["data"] or {})), None)
        if name is None:
            others.append(response)
        else:
            console.print(_rows(name, response))
    if others:
        console.print(_verdicts(action, others))
        for response in others:
            if response["status"] == "pending":
                # Beside the table, in one piece: it is there to be copied.
                command = f"vtaction get_analysis {shlex.quote(response['data']['analysis_id'])}"
                console.print(Text(f"ask again: {_printable(command)}"), soft_wrap=True)


def _rows(name: str, response: dict[str, Any]) -> Table:
    data = response["data"]
    more = ", and there are more (--limit)" if data["more"] else ""
    table = Table(title=Text(_printable(f"{data['indicator']}: {len(data[name])} {name}{more}")))
    for title in _ROWS[name]:
        table.add_column(title, overflow="fold")
    for row in data[name]:
        table.add_row(*(Text(_cell(row.get(field))) for field in _ROWS[name].values()))
    return table


def _verdicts(action: Action, responses: list[dict[str, Any]]) -> Table:
    table = Table()
    for name in ("indicator", "verdict", "what", "last analysis", "source"):
        table.add_column(name, overflow="fold")
    for response in responses:
        data = response["data"] or {}
        status = response["status"]
        verdict = status if status == "pending" else data.get("verdict") or status
        # Text, not markup: names and messages come from outside.
        table.add_row(
            Text(_printable(data.get("indicator") or str(response["id"] or action.name))),
            Text(verdict, style=_COLORS.get(verdict, "")),
            Text(_printable(response["summary"])),
            Text(data.get("last_analysis", "")),
            Text(response["meta"]["source"] or ""),
        )
    return table


def _cell(value: object) -> str:
    return _printable(" ".join(map(str, value)) if isinstance(value, list) else str(value or ""))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
