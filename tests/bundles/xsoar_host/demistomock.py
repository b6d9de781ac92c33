"""The stand-in for XSOAR's own module: what the command is given, and what it returns."""

from __future__ import annotations

from typing import Any

given: dict[str, Any] = {}
returned: list[dict[str, Any]] = []


def command() -> str:
    return str(given["command"])


def args() -> dict[str, Any]:
    return dict(given.get("args") or {})


def params() -> dict[str, Any]:
    return dict(given["params"])


def results(entry: dict[str, Any] | str) -> None:
    returned.append(entry if isinstance(entry, dict) else {"Type": 1, "Contents": entry})


def debug(text: str) -> None:
    """XSOAR writes it to its log."""


def getFilePath(entry: str) -> dict[str, str]:
    """Raises `ValueError` as XSOAR does for an entry that is no file."""
    files = given.get("files") or {}
    if entry not in files:
        raise ValueError("no such entry")
    return {"id": entry, "path": files[entry], "name": files[entry].rsplit("/", 1)[-1]}


def isTimeSensitive() -> bool:
    return bool(given.get("inline"))
