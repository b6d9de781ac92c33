"""What the search assistant says about a command lists every field and status that the command gives."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.package.conf_reader import read_conf
from tests.package.spl_reader import PROJECT
from vt_connectors.sandbox import SandboxServer

from .endpoint_harness import ANALYST
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup

HELP = read_conf(PROJECT / "splunk_app/default/searchbnf.conf")
PREMIUM = "premium-key-of-the-tests"
STATUSES = {"ok", "not_found", "skipped", "pending", "error"}
EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
RUNS = [
    ("vtreport", f'value="{EICAR_MD5}"', "engines=true", "raw=true"),
    ("vtquota", "account=true"),
    ("vtcache",),
    ("vtcache", "stats=true"),
    ("vtdrain",),
    ("vtcomment", f'value="{EICAR_MD5}"', 'comment="A test"'),
    ("vtrelated", f'value="{EICAR_MD5}"', "relationship=contacted_urls", "full=true"),
    ("vtbehaviour", f"hash={EICAR_MD5}"),
    ("vtbehaviour", f"hash={EICAR_MD5}", "parts=summary"),
    ("vtsearch", f'query="{EICAR_MD5}"'),
    ("vtstream", "since=1d"),
]


@pytest.fixture
def there(keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer) -> dict[str, Any]:
    """A search of a user who may do everything, on a key that may, with an answer in the cache."""
    splunkd.password = PREMIUM
    splunkd.settings = {**splunkd.settings, "quota": "1000/day", "comments_allowed": "true"}
    splunkd.users[SESSION] = ANALYST | {"run_vtlookup_write", "list_storage_passwords"}
    sandbox.app.notify("file", EICAR, "a rule")
    search: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    keyless.command("vtreport")([], f'value="{EICAR_MD5}"', **search)
    return search


def named(command: str) -> set[str]:
    return set(re.findall(r"\w+", HELP[f"{command}-command"]["description"]))


@pytest.mark.parametrize("run", RUNS, ids=" ".join)
def test_every_field_of_a_command_is_in_its_description(
    run: tuple[str, ...], keyless: Lookup, there: dict[str, Any]
) -> None:
    command, *options = run
    result = keyless.command(command)([], *options, **there)
    assert result.records, result.messages
    fields = {name for record in result.records for name in record if not name.startswith("__mv_")}
    assert fields - named(command) == set()


def test_every_field_of_an_event_is_in_the_description(keyless: Lookup, there: dict[str, Any]) -> None:
    [event] = keyless([[{"x": EICAR_MD5}]], "hash=x", "raw=true", **there).records
    assert {name for name in event if name.startswith("vt_")} - named("vtlookup") == set()


@pytest.mark.parametrize(
    ("command", "statuses"),
    [
        ("vtlookup", STATUSES),
        ("vtreport", STATUSES),
        ("vtcache", {"ok", "not_found"}),
        ("vtcomment", {"ok", "not_found", "skipped", "error"}),
        ("vtrelated", {"ok", "not_found", "skipped"}),
        ("vtbehaviour", {"ok", "not_found", "skipped"}),
        ("vtsearch", {"ok"}),
        ("vtstream", {"ok"}),
    ],
)
def test_every_status_of_a_command_is_in_its_description(command: str, statuses: set[str]) -> None:
    assert {status for status in statuses if f'"{status}"' in HELP[f"{command}-command"]["description"]} == statuses
