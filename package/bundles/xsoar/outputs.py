"""What commands write into the context, as XSOAR's yml has it."""

from __future__ import annotations

from package.bundles.manifest import Field

from .commands import PackCommand

NAME = "VTLookup"
_TYPES = {"string": "String", "integer": "Number", "number": "Number", "boolean": "Boolean"}
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
        "URL.PositiveDetections": "The number of engines with a detection.",
        "URL.Malicious.Vendor": "The vendor that reported the URL as malicious.",
        "URL.Malicious.Description": "Why the URL is malicious.",
    },
    "domain": {
        "Domain.Name": "The domain name.",
        "Domain.DetectionEngines": "The number of engines that gave an opinion.",
        "Domain.PositiveDetections": "The number of engines with a detection.",
        "Domain.Malicious.Vendor": "The vendor that reported the domain as malicious.",
        "Domain.Malicious.Description": "Why the domain is malicious.",
    },
    "ip": {
        "IP.Address": "The IP address.",
        "IP.ASN": "The autonomous system of the address.",
        "IP.Geo.Country": "The country of the address.",
        "IP.DetectionEngines": "The number of engines that gave an opinion.",
        "IP.PositiveDetections": "The number of engines with a detection.",
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
