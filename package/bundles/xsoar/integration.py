"""The description of the integration: its settings, commands, arguments and outputs, as XSOAR's yml has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from package.bundles.manifest import Field, Param
from vt_connectors.adapters.soar.xsoar_arguments import SCANS

from .commands import PackCommand

NAME = "VTLookup"
DESCRIPTION = (
    "VirusTotal's reports, scans and comments through a server of your own, so that all tools share one cache and one "
    "quota."
)
# With Python 3.12. Whether it is the newest one cannot be known here.
DOCKER_IMAGE = "demisto/python3:3.12.12.6947692"
_TYPES = {"string": "String", "integer": "Number", "number": "Number", "boolean": "Boolean"}
_TEXT, _CHECKBOX, _CREDENTIALS, _CHOICE = 0, 8, 9, 15
_RELIABILITIES = (
    "A+ - 3rd party enrichment",
    "A - Completely reliable",
    "B - Usually reliable",
    "C - Fairly reliable",
    "D - Not usually reliable",
    "E - Unreliable",
    "F - Reliability cannot be judged",
)
# What `Common` writes into the context, by kind.
_STANDARD = {
    "hash": {
        "File.MD5": "The MD5 hash of the file.",
        "File.SHA1": "The SHA1 hash of the file.",
        "File.SHA256": "The SHA256 hash of the file.",
        "File.Name": "The full file name.",
        "File.Size": "The size of the file in bytes.",
        "File.Malicious.Vendor": "The vendor that reported the file as malicious.",
        "File.Malicious.Description": "Why the file is malicious.",
    },
    "url": {
        "URL.Data": "The URL.",
        "URL.DetectionEngines": "The number of engines that gave an opinion.",
        "URL.PositiveDetections": "The number of engines that object.",
        "URL.Malicious.Vendor": "The vendor that reported the URL as malicious.",
        "URL.Malicious.Description": "Why the URL is malicious.",
    },
    "domain": {
        "Domain.Name": "The domain name.",
        "Domain.DetectionEngines": "The number of engines that gave an opinion.",
        "Domain.PositiveDetections": "The number of engines that object.",
        "Domain.Malicious.Vendor": "The vendor that reported the domain as malicious.",
        "Domain.Malicious.Description": "Why the domain is malicious.",
    },
    "ip": {
        "IP.Address": "The IP address.",
        "IP.ASN": "The autonomous system of the address.",
        "IP.Geo.Country": "The country of the address.",
        "IP.DetectionEngines": "The number of engines that gave an opinion.",
        "IP.PositiveDetections": "The number of engines that object.",
        "IP.Malicious.Vendor": "The vendor that reported the address as malicious.",
        "IP.Malicious.Description": "Why the address is malicious.",
    },
}
_SCORE = {
    "DBotScore.Indicator": "The indicator that was tested.",
    "DBotScore.Type": "The indicator type.",
    "DBotScore.Vendor": "The vendor used to calculate the score.",
    "DBotScore.Score": "The actual score.",
    "DBotScore.Reliability": "Reliability of the source providing the intelligence data.",
}
_OF_ALL = {
    "status": "ok, not_found, pending, skipped or error.",
    "summary": "The answer, or what is wrong, in one sentence.",
    "error.code": "What is wrong, if the status is error.",
    "error.message": "What happened, to which value, and what to do.",
    "error.retry_after_s": "Seconds until the same command makes sense.",
}


def integration(commands: list[PackCommand]) -> dict[str, Any]:
    """The document, without the code and the picture, which are files of their own."""
    return {
        "commonfields": {"id": NAME, "version": -1},
        "name": NAME,
        "display": NAME,
        "category": "Data Enrichment & Threat Intelligence",
        "description": DESCRIPTION,
        "sectionOrder": ["Connect", "Collect"],
        "configuration": _settings(),
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


def _settings() -> list[dict[str, Any]]:
    return [
        _setting("url", "Server URL", _TEXT, "Connect", True, "The address of vtaction serve, with https."),
        {
            **_setting("credentials", "", _CREDENTIALS, "Connect", True, "A token of that server."),
            "displaypassword": "Token",
            "hiddenusername": True,
        },
        _setting("proxy", "Use system proxy settings", _CHECKBOX, "Connect", False, ""),
        {
            **_setting(
                "integrationReliability",
                "Source Reliability",
                _CHOICE,
                "Collect",
                True,
                "Reliability of the source providing the intelligence data.",
            ),
            "defaultvalue": "C - Fairly reliable",
            "options": list(_RELIABILITIES),
        },
        _setting(
            "create_relationships",
            "Create relationships",
            _CHECKBOX,
            "Collect",
            False,
            "Create relationships between indicators as part of enrichment.",
        ),
        {
            **_setting("max_wait", "Longest wait of a command in seconds", _TEXT, "Collect", False, _ABOUT_WAITING),
            "defaultvalue": "240",
        },
    ]


_ABOUT_WAITING = (
    "How long a command waits for quota and answers, 900 at most. Keep it below the time after which XSOAR stops "
    "commands. Enrichment that must be quick never waits longer than 15 seconds."
)


def _setting(name: str, display: str, kind: int, section: str, required: bool, about: str) -> dict[str, Any]:
    setting = {"name": name, "display": display, "type": kind, "section": section, "required": required}
    return {**setting, "additionalinfo": about} if about else setting


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


def outputs(one: PackCommand) -> list[dict[str, str]]:
    """What a command writes into the context."""
    prefix = f"{NAME}.{one.command.output}"
    found = {**_STANDARD.get(one.command.kind, {}), **(_SCORE if one.command.kind else {})}
    standard = [
        {"contextPath": path, "description": about, "type": _standard_type(path)} for path, about in found.items()
    ]
    paths = {field.path for field in one.fields}
    own = [_output(prefix, field) for field in one.fields]
    more = [
        {"contextPath": f"{prefix}.{path}", "description": about, "type": "Number" if path.endswith("_s") else "String"}
        for path, about in _OF_ALL.items()
        if path not in paths
    ]
    return standard + own + more


def _standard_type(path: str) -> str:
    return "Number" if path.endswith(("Score", "Size", "Engines", "Detections")) else "String"


def _output(prefix: str, field: Field) -> dict[str, str]:
    kind = _TYPES.get(field.type, "Unknown")
    return {"contextPath": f"{prefix}.{field.path}", "description": f"{field.description}.", "type": kind}
