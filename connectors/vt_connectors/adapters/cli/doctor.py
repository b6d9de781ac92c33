"""Checks the setup: settings, source of the key, shared state and, with `--online`, one call that costs no quota."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Callable

from ...api_key import ApiKey
from ...clock import SystemClock
from ...composition.core import build
from ...config.credentials import find_key, readable_by_all
from ...config.settings import Settings, not_settings, read_settings
from ...config.unknown_variables import is_told
from ...contract import MALFORMED, OK, RETRY_LATER
from ...contract.documents import Options, Request
from ...errors import ConfigError, ConnectorError
from ..core_from_environment import core_from, remember_keys
from ..process.termination import ENDED, Termination
from .doctor_state import Check, check, state_findings


def examine(environment: Mapping[str, str], ending: Termination, *, online: bool, as_json: bool) -> int:
    """Print the findings. Returns the exit status: 2 if any finding is bad, else 0; 75 after a request to end."""
    remember_keys(environment)
    findings = [finding.without_keys() for finding in _findings(environment, ending, online)]
    if as_json:
        sys.stdout.write(json.dumps([finding.__dict__ for finding in findings], indent=2) + "\n")
    else:
        _show(findings)
    if ending.clock.cancelled:
        return RETRY_LATER
    return MALFORMED if any(finding.ok is False for finding in findings) else OK


def _findings(environment: Mapping[str, str], ending: Termination, online: bool) -> Iterator[Check]:
    clock = ending.clock
    unknown = not_settings(environment)
    is_told(unknown)
    others = [Check("environment", False, f"{text}; correct it, or unset it for this program") for text in unknown]
    try:
        settings = read_settings(environment)
    except ConnectorError as error:
        yield Check("settings", False, error.message)
        yield from others
        return
    yield Check(
        "settings",
        True,
        f"quota {settings.quota}{' (auto)' if settings.quota.auto else ''}, "
        f"answers cached for {settings.cache_ttl_s:g} s, unknown indicators {settings.cache_ttl_not_found_s:g} s",
    )
    yield from others
    yield check("wiring", lambda: _build_core(settings, clock))
    yield check("API key", lambda: f"from {find_key(environment)[1]}")
    yield from (Check("API key", None, f"warning: {text}") for text in readable_by_all(environment))
    yield Check("server", None, f"{settings.api_url}, API version {settings.api_version}")
    yield from _network(settings)
    yield from state_findings(settings, clock)
    yield from _scan_roots(settings)
    yield Check(
        "privacy",
        None,
        "indicators that are looked up become visible to VirusTotal's community, and its customers can download files "
        "that are sent; comments are public, under the account's name",
    )
    if online:
        yield _call(environment, ending)
    yield from _record(environment, clock)


def _network(settings: Settings) -> Iterator[Check]:
    """Proxy and certificates, if any are configured."""
    from ...composition.account import certificates_of, proxy_of

    named: dict[str, tuple[Callable[[], str | None], str]] = {
        "proxy": (lambda: proxy_of(settings), "requests go through {}"),
        "certificates": (certificates_of, "servers are verified with the certificates in {}"),
    }
    for about, (look, text) in named.items():
        try:
            found = look()
        except ConfigError as error:
            yield Check(about, False, error.message)
            continue
        if found:
            yield Check(about, True, text.format(found))


def _scan_roots(settings: Settings) -> Iterator[Check]:
    for root in settings.scan_roots:
        ok = Path(root).is_dir()
        yield Check("VT_SCAN_ROOTS", ok, f"scan_file sends files in {root}" if ok else f"{root} is not a folder")


def _build_core(settings: Settings, clock: SystemClock) -> str:
    build(settings, _no_key, clock)
    return "the settings are consistent"


def _no_key() -> ApiKey:
    raise AssertionError("no request is sent here")


def _call(environment: Mapping[str, str], ending: Termination) -> Check:
    response = ending.result_of(lambda: core_from(environment, ending.clock).run(Request("quota", {})))
    if response is None:
        return Check("VirusTotal", False, f"no response before {ENDED}")
    if response["error"] is not None:
        return Check("VirusTotal", False, f"{response['error']['code']}: {response['error']['message']}")
    return Check("VirusTotal", True, f"reachable, and accepts the key; {response['summary']}")


def _record(environment: Mapping[str, str], clock: SystemClock) -> Iterator[Check]:
    """The quota by our own record. Without a key there is no finding here, because another one reports it."""
    response = core_from(environment, clock).run(Request("quota", {}, Options(cache="only")))
    if response["error"] is not None:
        return
    pause = response["data"]["windows"].get("blocked")
    if pause is None:
        yield Check("quota", True, response["summary"])
        return
    yield Check(
        "quota",
        False,
        f"paused until {pause['until']} because VirusTotal refused a request for lack of quota; if the account has "
        "requests left, `vtaction doctor --online` or `vtaction quota` ends the pause sooner",
    )


def _show(findings: list[Check]) -> None:
    from .output.responses import show_sheet
    from .output.sheet import Cell, Sheet, cell

    marks = {True: Cell("ok", "green", "ok"), False: Cell("bad", "bold red", "bad"), None: Cell("", "", "-")}
    rows = [(marks[finding.ok], cell(finding.about), cell(finding.text)) for finding in findings]
    show_sheet(Sheet(("", "about", "finding"), rows), "table")
