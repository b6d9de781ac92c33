"""Answers as tables on a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...actions import Action
from ...contract.next_steps import next_steps
from ...errors import printable

if TYPE_CHECKING:
    from ...contract.response import Response

_COLORS = {"malicious": "bold red", "suspicious": "yellow", "undetected": "green", "error": "bold magenta"}


def show(action: Action, responses: list[Response]) -> None:
    """Print a table of the answers; for actions that return rows, one table for each answer."""
    console = Console()
    others = []
    rows = _rows_of(action)
    for response in responses:
        data = response["data"] or {}
        if "windows" in data:
            console.print(_quota(response))
            if "usage" in data:
                console.print(_usage(data["usage"]))
        elif rows is None or rows.name not in data:
            others.append(response)
        else:
            console.print(_rows(rows, response))
    if others:
        console.print(_verdicts(action, others))
        _print_next_steps(console, others)
        for response in others:
            if response["status"] == "pending":
                # Below the table and not wrapped, so that it can be copied.
                private = " --private" if response["data"].get("private") else ""
                command = f"vtaction get_analysis {shlex.quote(response['data']['analysis_id'])}{private}"
                console.print(Text(f"get the result later: {printable(command)}"), soft_wrap=True)


class _Rows(NamedTuple):
    """The field of an answer that is shown as a table: its name, and the column titles by the row's fields."""

    name: str
    columns: dict[str, str]


def _rows_of(action: Action) -> _Rows | None:
    """The field in the result's schema with rows whose fields have titles; None if there is none."""
    for name, rules in action.result_schema["properties"].items():
        fields = rules.get("items", {}).get("properties", {})
        columns = {field: of_field["title"] for field, of_field in fields.items() if "title" in of_field}
        if columns:
            return _Rows(name, columns)
    return None


def _rows(rows: _Rows, response: Response) -> Table:
    data = response["data"]
    found = data[rows.name]
    more = ", and there are more (--limit)" if data.get("more") else ""
    about = f"{data['indicator']}: " if "indicator" in data else ""
    table = Table(title=Text(printable(f"{about}{len(found)} {rows.name}{more}")))
    for title in rows.columns.values():
        table.add_column(title, overflow="fold")
    for row in found:
        table.add_row(*(Text(_cell(row.get(field))) for field in rows.columns))
    return table


def _quota(response: Response) -> Table:
    """Our own record, then the account's figures for each pool, with a mark at the pool that runs out first."""
    data = response["data"]
    table = Table(title=Text(printable(response["summary"])))
    for title in ("quota", "limit", "used", "left", "source"):
        table.add_column(title, overflow="fold")
    for name, seen in data["windows"].items():
        is_pause = "limit" not in seen
        left = 0 if is_pause else max(0, seen["limit"] - seen["used"])
        about = f"paused until {seen['until']}" if is_pause else name
        table.add_row(
            *map(Text, (about, _number(seen.get("limit")), _number(seen.get("used")), str(left), "our record"))
        )
    for name, figure in data.get("account", {}).items():
        for pool in ("user", "group"):
            if pool in figure:
                numbers = (_number(figure[pool][word]) for word in ("allowed", "used", "left"))
                first = " (runs out first)" if pool == figure["pool"] and "group" in figure else ""
                table.add_row(*map(Text, (printable(name), *numbers, f"VirusTotal: {pool}{first}")))
    return table


def _usage(usage: Mapping[str, Any]) -> Table:
    """The use of the account by endpoint, the most used first, and the sum."""
    unread = f"; {usage['unread']} figures cannot be read" if "unread" in usage else ""
    table = Table(title=Text(f"use from {usage['start']} to {usage['end']}{unread}"))
    for title in ("endpoint", "requests", "not counted"):
        table.add_column(title, overflow="fold")
    for row in (*usage["endpoints"], {**usage, "endpoint": "all"}):
        table.add_row(*map(Text, (printable(row["endpoint"]), str(row["requests"]), str(row["not_counted"]))))
    return table


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _verdicts(action: Action, responses: list[Response]) -> Table:
    table = Table()
    for name in ("indicator", "verdict", "what", "last analysis", "source"):
        table.add_column(name, overflow="fold")
    for response in responses:
        data = response["data"] or {}
        status, error = response["status"], response["error"]
        verdict = error["code"] if error else status if status == "pending" else data.get("verdict") or status
        # Text, not markup, because names and messages come from outside.
        table.add_row(
            Text(printable(data.get("indicator") or str(response["id"] or action.name))),
            Text(verdict, style=_COLORS.get("error" if error else verdict, "")),
            Text(printable(response["summary"])),
            Text(data.get("last_analysis", "")),
            Text(response["meta"]["source"] or ""),
        )
    return table


def _print_next_steps(console: Console, responses: list[Response]) -> None:
    """Below the table, once for equal errors."""
    found = [
        (error["code"], step) for error in (each["error"] for each in responses) if error for step in next_steps(error)
    ]
    for code, step in dict.fromkeys(found):
        console.print(Text(f"{code}: {step}"), soft_wrap=True)


def _cell(value: object) -> str:
    return printable(" ".join(map(str, value)) if isinstance(value, list) else str(value or ""))
