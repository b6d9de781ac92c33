"""Several reports as one sheet: a row for each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....actions import Action
from ....errors import printable
from ..action_arguments import flag_of
from .sheet import ERROR_STYLE, VERDICT_STYLES, Cell, Sheet, cell

if TYPE_CHECKING:
    from ....contract.response import Response

_MOST_OF_REFUSED = 200
_SOURCES = {"api": "VirusTotal", "cache": "cache", "shared": "shared"}


def verdict_sheet(action: Action, responses: Sequence[Response]) -> Sheet:
    """For a terminal: what a person compares. The value that was given is shown if it is a file's name."""
    # Of an action that judges nothing, only the status or the error's code is there.
    judged = "verdict" if "stats" in action.result_schema["properties"] else "status"
    columns = (*(["file"] if names_files(action) else []), "indicator", judged, "engines", "about")
    rows = []
    for response in responses:
        data = response["data"] or {}
        row = [cell(given(action, response))] if names_files(action) else []
        row += [indicator(action, response), verdict(response), cell(engines(data)), cell(_about(response))]
        row += [cell(data.get("last_analysis")), cell(source(response))]
        rows.append(tuple(row))
    return Sheet((*columns, "last analysis", "source"), rows, movable=("file", "indicator", "about"))


def full_sheet(action: Action, responses: Sequence[Response]) -> Sheet:
    """For programs: one value in each cell, the same columns for every action."""
    columns = ("value", "type", "indicator", "status", "verdict", "malicious", "suspicious", "engines", "label")
    rest = ("owner", "country", "registrar", "first_seen", "last_analysis", "link", "source", "error", "summary")
    rows = []
    for response in responses:
        data = response["data"] or {}
        stats = data.get("stats", {})
        error = response["error"]
        values = [given(action, response), data.get("type"), data.get("indicator"), response["status"]]
        values += [data.get("verdict"), stats.get("malicious"), stats.get("suspicious"), stats.get("total")]
        values += [data.get("label")] + [data.get(name) for name in rest[:-3]]
        values += [response["meta"]["source"], error["code"] if error else None]
        values += [f"error: {message_for(action, error)}" if error else response["summary"]]
        rows.append(tuple(map(cell, values)))
    return Sheet((*columns, *rest), rows)


def message_for(action: Action, error: Mapping[str, Any]) -> str:
    """The error's message with the parameter or option as it is typed, instead of its place in the request."""
    message, path = str(error["message"]), str(error["details"].get("path") or "")
    if error["code"] == "rate_limited":
        return message.replace("max_wait_s", flag_of("max_wait_s"))
    if not path.startswith("/params/") or not message.startswith(f"{path} "):
        return message
    name = path.removeprefix("/params/").partition("/")[0]
    typed = "the value" if name in (action.value, *action.value_params) else flag_of(name)
    return f"{typed}{message[len(path) :]}"


def names_files(action: Action) -> bool:
    """Whether its values are names of files."""
    return action.value == "path" and "private" in action.params_schema["properties"]


def indicator(action: Action, response: Response) -> Cell:
    """The indicator in its canonical form, else the value that was given."""
    data = response["data"] or {}
    return cell(data.get("indicator") or (action.name if names_files(action) else given(action, response)))


def given(action: Action, response: Response) -> str:
    """The value of the request; the action's name if it has none. A refused value may have any length, so it is cut."""
    found = response["id"]
    if found is None:
        return action.name
    text = str(found)
    return f"{text[:_MOST_OF_REFUSED]}..." if response["error"] and len(text) > _MOST_OF_REFUSED else text


def verdict(response: Response) -> Cell:
    """The verdict; if there is none, the status or the error's code."""
    error, status = response["error"], response["status"]
    if error:
        return Cell(error["code"], ERROR_STYLE, error["code"])
    found = status if status in ("pending", "skipped") else str((response["data"] or {}).get("verdict") or status)
    return cell(found, VERDICT_STYLES.get(found, ""))


def engines(data: Mapping[str, Any]) -> str:
    """`62/68`: how many engines detect it."""
    stats = data.get("stats")
    return f"{stats['malicious'] + stats['suspicious']}/{stats['total']}" if stats else ""


def source(response: Response) -> str:
    """Where the answer is from, and how old it is."""
    meta = response["meta"]
    name = _SOURCES.get(str(meta["source"]), meta["source"] or "")
    return f"{name}, {span(meta['age_s'])} old" if name and meta["age_s"] and meta["age_s"] >= 1 else name


def span(seconds: float) -> str:
    """A time for people, in its two largest units: `41 s`, `3 min`, `1 h 2 min`, `5 d 3 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    units = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
    large_s, large, small_s, small = next(unit for unit in units if whole >= unit[0])
    rest = whole % large_s // small_s
    return f"{whole // large_s} {large} {rest} {small}" if rest and large != "min" else f"{whole // large_s} {large}"


def owner(data: Mapping[str, Any]) -> str:
    """`AS64502 Prairie Telecom`."""
    return " ".join(filter(None, (f"AS{data['asn']}" if "asn" in data else "", str(data.get("owner") or ""))))


def outcome(response: Response) -> str:
    """The summary without the status, which is shown beside it."""
    return printable(response["summary"].removeprefix(f"{response['status'].replace('_', ' ')}: "))


def _about(response: Response) -> str:
    """What tells one indicator from another; why something was skipped. Errors are explained below the table."""
    data = response["data"] or {}
    if response["error"]:
        return ""
    if response["status"] in ("skipped", "pending") or "stats" not in data:
        return outcome(response)
    choices = (data.get("label"), owner(data), data.get("categories"), data.get("title"), data.get("names"))
    found = next((each for each in choices if each), "")
    text = ", ".join(found[:2]) if isinstance(found, list) else str(found)
    return ", ".join(filter(None, (text, data.get("country"))))
