"""The options of a private scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ApiError, bad_request

_FLAGS = ("disable_sandbox", "enable_internet", "intercept_tls", "interaction_sandbox")
_TEXTS = ("password", "command_line", "locale")
_REGIONS = ("US", "EU")
_RANGES = {"retention_period_days": (1, 28), "interaction_timeout": (60, 1800)}


@dataclass(frozen=True)
class ScanOptions:
    """The options as given, without the password; a report is kept for one day unless they say otherwise."""

    given: Mapping[str, Any]

    @property
    def retention_days(self) -> int:
        """For how many days the report is kept."""
        days: int = self.given.get("retention_period_days", 1)
        return days

    @property
    def is_detonated(self) -> bool:
        """Whether the file runs in a sandbox."""
        return not self.given.get("disable_sandbox", False)

    @property
    def configuration(self) -> dict[str, Any]:
        """`sandbox_configuration` of the analysis."""
        configuration: dict[str, Any] = {"command_line": "", "enable_internet": False}
        shown = ("command_line", "enable_internet", "intercept_tls", "interaction_timeout")
        return {**configuration, **{name: self.given[name] for name in shown if name in self.given}}


def scan_options(fields: Mapping[str, str]) -> ScanOptions:
    """The options among the fields of a form or a query. ApiError 400 for a wrong value; other fields are ignored."""
    given: dict[str, Any] = {}
    for name, text in fields.items():
        if name in _FLAGS:
            given[name] = _flag(name, text)
        elif name in _RANGES:
            given[name] = _number(name, text)
        elif name == "storage_region" and text not in _REGIONS:
            raise _wrong(name, text, " or ".join(_REGIONS))
        elif name in (*_TEXTS, "storage_region") and name != "password":
            given[name] = text
    return ScanOptions(given)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise _wrong(name, text, "true or false")
    return text.lower() in ("true", "1")


def _number(name: str, text: str) -> int:
    low, high = _RANGES[name]
    if not (text.isascii() and text.isdigit()) or not low <= int(text[:9]) <= high:
        raise _wrong(name, text, f"from {low} to {high}")
    return int(text)


def _wrong(name: str, text: str, wanted: str) -> ApiError:
    return bad_request(f'{name} "{text}" is not valid, it must be {wanted}')
