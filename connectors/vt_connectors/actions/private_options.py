"""The options of a private scan, by our names and by VirusTotal's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidRequest

# The names of VirusTotal's form fields (https://docs.virustotal.com/reference/upload-file-private-scanning).
_OF_FILES = {
    "password": "password",
    "command_line": "command_line",
    "disable_sandbox": "disable_sandbox",
    "enable_internet": "enable_internet",
    "intercept_tls": "intercept_tls",
    "interaction_sandbox": "interaction_sandbox",
    "interaction_timeout_s": "interaction_timeout",
    "retention_days": "retention_period_days",
    "region": "storage_region",
    "locale": "locale",
}
# As a connector of others for Google Threat Intelligence sends them: no page of VirusTotal's on this call's form was
# found, and the names are not tried with a licensed key.
_OF_URLS = {
    name: _OF_FILES[name] for name in ("interaction_sandbox", "interaction_timeout_s", "retention_days", "region")
}
# VirusTotal takes the password of an archive for public scans too (https://docs.virustotal.com/reference/files-scan).
_ALSO_PUBLIC = ("password",)


def is_private(params: Mapping[str, Any]) -> bool:
    """Whether a scan is to be private. Raises `InvalidRequest` for options that only private scans have.

    Without this check, a scan whose `private` was forgotten would make its file public.
    """
    if params.get("private"):
        return True
    for name in _OF_FILES:
        if name in params and name not in _ALSO_PUBLIC:
            raise _refused(name, "is an option of private scans: add private: true")
    return False


def options_of_file(params: Mapping[str, Any]) -> dict[str, str]:
    """The values of VirusTotal's form. Raises `InvalidRequest`."""
    return _options(params, _OF_FILES)


def options_of_url(params: Mapping[str, Any]) -> dict[str, str]:
    """The values of VirusTotal's form. Raises `InvalidRequest`."""
    return _options(params, _OF_URLS)


def password_of(params: Mapping[str, Any]) -> str | None:
    """The password of an archive in a public scan. Raises `InvalidRequest`."""
    return _text("password", params["password"]) if "password" in params else None


def _options(params: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    return {theirs: _text(ours, params[ours]) for ours, theirs in names.items() if ours in params}


def _text(name: str, value: object) -> str:
    """The value as VirusTotal reads it. The message does not repeat it, because it may be a password."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value))  # the schema allows whole numbers only
    found = str(value)
    if not found.isprintable():
        raise _refused(name, "has control characters or invalid ones")
    return found


def _refused(name: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"/params/{name} {why}", details={"path": f"/params/{name}"})
