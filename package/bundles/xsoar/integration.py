"""The description of the integration: its settings, commands, arguments and outputs, as XSOAR's yml has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from package.bundles.manifest import Param
from vt_connectors.adapters.soar.xsoar_arguments import SCANS

from .commands import PackCommand
from .outputs import NAME, outputs
from .settings import settings

DESCRIPTION = (
    "VirusTotal's reports, scans and comments through a server of your own, so that all tools share one cache and one "
    "quota."
)
# With Python 3.12. Whether it is the newest one cannot be known here.
DOCKER_IMAGE = "demisto/python3:3.12.12.6947692"


def integration(commands: list[PackCommand]) -> dict[str, Any]:
    """The document, without the code and the picture, which are files of their own."""
    return {
        "commonfields": {"id": NAME, "version": -1},
        "name": NAME,
        "display": NAME,
        "category": "Data Enrichment & Threat Intelligence",
        "description": DESCRIPTION,
        "sectionOrder": ["Connect", "Collect"],
        "configuration": settings(),
        "script": {
            "script": "-",
            "type": "python",
            "subtype": "python3",
            "dockerimage": DOCKER_IMAGE,
            "commands": [_command(one) for one in commands],
        },
        "fromversion": "6.10.0",
        "tests": ["No tests"],
    }


def _command(one: PackCommand) -> dict[str, Any]:
    document = {
        "name": one.name,
        "description": f"{one.action.description}.",
        "arguments": arguments(one),
        "outputs": outputs(one),
        "polling": True,
    }
    return {**document, "execution": True} if one.action.writes else document


def arguments(one: PackCommand) -> list[dict[str, Any]]:
    """What a command takes. The first one is the list of values, if it takes one."""
    found = [_argument(param) for param in one.params if param.name != one.command.value]
    if one.command.argument:
        about = next((param.description for param in one.params if param.name == one.command.value), "A file")
        if one.action.name == "scan_file":
            about = "The entry IDs of files in the War Room"
        listed = {
            "name": one.command.argument,
            "description": f"{about}. A comma-separated list, or a JSON list.",
            "required": True,
            "default": True,
            "isArray": True,
        }
        found.insert(0, listed)
    return found + list(_polling(one))


def _argument(param: Param) -> dict[str, Any]:
    # Not all are required, though the action may need one of two.
    argument: dict[str, Any] = {"name": param.name, "description": f"{param.description}."}
    if param.required:
        argument["required"] = True
    if param.is_list:
        argument["isArray"] = True
    choices = ("true", "false") if param.type == "boolean" else param.choices
    if choices:
        argument.update(auto="PREDEFINED", predefined=list(choices))
    if param.default is not None:
        argument["defaultValue"] = str(param.default).lower() if param.type == "boolean" else str(param.default)
    return argument


def _polling(one: PackCommand) -> Iterator[dict[str, Any]]:
    waits = "the end of the scan" if one.polls else "quota"
    yield {
        "name": "polling",
        "description": f"Whether the command runs again by itself while it waits for {waits}.",
        "auto": "PREDEFINED",
        "predefined": ["true", "false"],
        "defaultValue": str(one.polls).lower(),
    }
    yield {
        "name": "timeout_in_seconds",
        "description": "The longest time to poll, in seconds.",
        "defaultValue": "3600",
    }
    if one.polls or any(param.writes for param in one.params):
        yield {"name": SCANS, "description": "Used by polling only: the analyses that it waits for.", "isArray": True}
