"""The fields of what the app writes: each command that pages use, the log, and events with verdicts."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.package.spl_fields import SPLUNKS_OWN

from .alerting import Alert, events
from .fake_splunkd import FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup

VERDICTS = ("malicious", "suspicious", "undetected", "unknown")
# What a page is given for options that are no hash.
EXAMPLES = {"relationship": "contacted_urls"}


@functools.cache
def _sources() -> dict[str, set[str]]:
    """Filled by the first test that needs them."""
    return {}


@pytest.fixture
def sources(request: pytest.FixtureRequest) -> dict[str, set[str]]:
    """The fields of what the app writes, from the app at work."""
    found = _sources()
    if not found:
        found.update(_read_sources(request.getfixturevalue("keyless"), request.getfixturevalue("splunkd")))
    return found


def _read_sources(keyless: Lookup, splunkd: FakeSplunkd) -> dict[str, set[str]]:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "main", "quota": "5/day"}
    there: dict[str, Any] = {"session_key": "session-key-of-the-search", "splunkd_uri": splunkd.url}
    Alert("vt_alert_lookup", keyless, splunkd)([{"md5": EICAR_MD5, "ip": CLEAN_IP}], fields="md5, ip")
    keyless([[{"x": EICAR_MD5}, {"x": "no indicator"}, {"x": "10.0.0.1"}]], "ioc=x", **there)
    found = {}
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    splunkd.users["session-key-of-the-search"] |= {"run_vtlookup_write"}
    for command in (
        'vtcomment value="a value" comment="a value" confirm="a value"',
        "vtquota",
        "vtcache stats=true",
        "vtcache limit=5000",
        'vtreport engines=true value="a value" confirm="a value"',
        'vtreport context=true value="a value" confirm="a value"',
        'vtbehaviour hash="a value" confirm="a value"',
        'vtrelated full=true value="a value" relationship="a value" confirm="a value"',
    ):
        name, *options = re.findall(r'[\w=]+"[^"]*"|\S+', command)
        given = [option.replace('"a value"', EXAMPLES.get(option.partition("=")[0], EICAR_MD5)) for option in options]
        found[command] = set(keyless.command(name)([], *given, **there).records[0])
    found["vtlookup:log"] = _of_log(keyless)
    found["vtlookup:verdict"] = {*SPLUNKS_OWN, *(name for event in events(splunkd) for name in event)}
    return found


def _of_log(command: Lookup) -> set[str]:
    """Of searches and alerts, with the contents of `errors`, `verdicts` and `skipped` as Splunk flattens them."""
    lines = [json.loads(line) for line in (command.home / "var/log/splunk/vtlookup.log").read_text().splitlines()]
    ended = [line for line in lines if line["event"] in ("search", "alert")]
    assert {line["event"] for line in ended} == {"search", "alert"}
    flat = {name for line in ended for name in _flattened(line)}
    assert {"verdicts.malicious", "errors.invalid_indicator", "skipped.private_address"} <= flat
    return {*flat, *(f"verdicts.{verdict}" for verdict in VERDICTS)}


def _flattened(line: Mapping[str, Any]) -> Iterator[str]:
    for name, value in line.items():
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield name
