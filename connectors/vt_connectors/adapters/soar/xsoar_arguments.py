"""Commands of Cortex XSOAR: their arguments, which are texts, as the parameters of requests. Pure."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .exchange import request
from .xsoar_indicators import RELATIONSHIPS

# The argument that names the scans which an earlier run of the command began, if it polls.
SCANS = "pending_scans"
# A URL may contain commas: the next one begins where a scheme follows.
_BETWEEN_URLS = re.compile(r",(?=\s*[a-z][a-z0-9+.-]{1,8}://)", re.IGNORECASE)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Command(NamedTuple):
    """`params`: the JSON type of each parameter of the action; of a list the type of its items, with `[]`.

    `argument`: the argument that takes a list, if there is one; each request has one value of it, as the parameter
    `value`. `kind`: of a command that scores indicators, their kind. `output`: where its outputs are in the context.
    """

    action: str
    output: str
    params: Mapping[str, str]
    argument: str = ""
    value: str = ""
    kind: str = ""


class Call(NamedTuple):
    """The name of a command, and its arguments as XSOAR gives them: texts, or lists of texts."""

    command: str
    args: Mapping[str, Any]


class Asked(NamedTuple):
    """What one request asks about: a value of the list, and the scan of it that is already begun."""

    value: str | None
    scan: str | None


def asked(command: Command, args: Mapping[str, Any]) -> list[Asked]:
    """In the order of the requests. The first scans are those of the first values."""
    if not command.argument:
        return [Asked(None, None)]
    values = listed(args.get(command.argument), is_url="url" in (command.kind, command.value))
    scans: list[str | None] = [*listed(args.get(SCANS))]
    return [Asked(value, scan) for value, scan in zip(values, scans + [None] * len(values))]


class More(NamedTuple):
    """What scored indicators come with besides the report: related ones, and further facts such as the owner of an
    address. All is in one answer of VirusTotal, but a report that is cached without it is asked for again.
    """

    relationships: bool = False
    facts: bool = False


def request_for(command: Command, args: Mapping[str, Any], one: Asked, more: More) -> dict[str, Any]:
    """The request about one value."""
    params = {
        name: typed(args[name], kind)
        for name, kind in command.params.items()
        if name != command.value and args.get(name) not in (None, "")
    }
    if one.scan:
        private = {"private": True} if params.get("private") else {}
        return request("get_analysis", {"analysis_id": one.scan, **private})
    if one.value is not None:
        params = {command.value: one.value, **params}
    if command.kind and more.relationships:
        params.setdefault("relationships", list(RELATIONSHIPS[command.kind]))
    return request(command.action, params, **({"include": ["context"]} if command.kind and more.facts else {}))


def listed(value: Any, is_url: bool = False) -> list[str]:
    """A list, the text of a JSON list, or texts with commas between them."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        # It may be no JSON, such as an address with a port: [2001:db8::1]:443.
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, str):
        value = _BETWEEN_URLS.split(value) if is_url and "://" in value else value.split(",")
    texts = [str(item).strip() for item in (value if isinstance(value, list) else [] if value is None else [value])]
    return [text for text in texts if text]


def typed(value: Any, kind: str) -> Any:
    """An argument as the parameter's JSON type; as it is if that is not possible: the response then says what is
    wrong.
    """
    if kind.endswith("[]"):
        return [typed(text, kind[:-2]) for text in listed(value)]
    if not isinstance(value, str) or kind == "string":
        return value
    if kind == "boolean":
        return _BOOLEANS.get(value.strip().lower(), value)
    try:
        return json.loads(value)
    except ValueError:
        return value
