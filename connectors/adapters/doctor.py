"""What is set, where the key comes from, whether the state is shared, and, if wanted, one call that costs nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping

from ..api_key import ApiKey
from ..clock import SystemClock
from ..composition import build
from ..contract import Request
from ..credentials import find_key
from ..errors import ConnectorError
from ..settings import Settings, read_settings
from .doctor_state import state_findings
from .exit_codes import MALFORMED, OK
from .finding import Finding, tried
from .settled import core_from


def examine(environment: Mapping[str, str], clock: SystemClock, *, online: bool, as_json: bool) -> int:
    """Print the findings. 2 if any of them is bad, else 0."""
    findings = list(_findings(environment, clock, online))
    if as_json:
        sys.stdout.write(json.dumps([finding.__dict__ for finding in findings], indent=2) + "\n")
    else:
        _show(findings)
    return MALFORMED if any(finding.ok is False for finding in findings) else OK


def _findings(environment: Mapping[str, str], clock: SystemClock, online: bool) -> Iterator[Finding]:
    try:
        settings = read_settings(environment)
    except ConnectorError as error:
        yield Finding("settings", False, error.message)
        return
    yield Finding(
        "settings",
        True,
        f"quota {settings.quota}{' (auto)' if settings.quota.auto else ''}, "
        f"answers kept {settings.cache_ttl_s:g} s, unknown ones {settings.cache_ttl_not_found_s:g} s",
    )
    yield tried("wiring", lambda: _wired(settings, clock))
    yield tried("API key", lambda: f"from {find_key(environment)[1]}")
    yield Finding("server", None, f"{settings.api_url}, API version {settings.api_version}")
    yield from state_findings(settings, clock)
    yield Finding(
        "privacy",
        None,
        "what is looked up becomes visible to VirusTotal's community, files that are sent can be had by its customers; "
        "comments are public, under the account's name",
    )
    if online:
        yield _call(environment, clock)


def _wired(settings: Settings, clock: SystemClock) -> str:
    build(settings, _no_key, clock)
    return "the settings go together"


def _no_key() -> ApiKey:
    raise AssertionError("nothing is asked here")


def _call(environment: Mapping[str, str], clock: SystemClock) -> Finding:
    response = core_from(environment, clock).run(Request("quota", {}))
    if response["error"] is not None:
        return Finding("VirusTotal", False, f"{response['error']['code']}: {response['error']['message']}")
    return Finding("VirusTotal", True, f"answers, and accepts the key; {response['summary']}")


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False)
    for finding in findings:
        mark = {True: Text("ok", "green"), False: Text("bad", "bold red"), None: Text("")}[finding.ok]
        table.add_row(mark, finding.about, Text(finding.text))
    Console().print(table)
