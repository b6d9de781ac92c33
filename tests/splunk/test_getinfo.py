"""getinfo, several times per search before the first event, is cheap and refuses wrong options."""

from __future__ import annotations

import re
import subprocess

import pytest

from package.splunkd_driver.driver import SearchInfo
from package.splunkd_driver.wire import encode_frame
from vt_connectors.sandbox import SandboxServer

from .searching import EICAR_MD5, FIELDS, Lookup, normal

REFUSED = [
    ([], "exactly one of hash=, url=, domain=, ip= and ioc="),
    (["hash=a", "ip=b"], "exactly one of"),
    (["hash=a", "ioc=a"], "exactly one of"),
    (["hash="], "hash= needs the name of a field"),
    (["ioc= "], "ioc= needs the name of a field"),
    (["md5"], "'md5' is not an option"),
    (["hash=a", "b"], "'b' is not an option"),
    (["hash=a", "max_age=soon"], "max_age='soon'"),
    (["hash=a", "max_age=-1"], "max_age='-1'"),
    (["hash=a", "max_age="], "max_age=''"),
    (["hash=a", "wait=1y"], "wait='1y'"),
    (["hash=a", "wait=nan"], "wait='nan'"),
    (["hash=a", "cache=on"], "cache='on'"),
    (["hash=a", "raw=maybe"], "raw='maybe'"),
    (["hash=a", "prefix=a b"], "prefix='a b'"),
    (["hash=a", "prefix=_"], "prefix='_'"),
    (["hash=a", "prefix=__mv_"], "prefix='__mv_'"),
    (["hash=vt_names"], "choose another prefix="),
    (["hash=raw", "raw=t", "prefix="], "prefix="),
    (["hash=a", "record=true"], "record="),
    (["hash=a", "bogus={x}"], "bogus= is not an option of this command"),
    (["hash={}", "{0}"], "'{0}' is not an option"),
    (["hash={}", "prefix={0}"], "prefix='{0}'"),
]


@pytest.mark.parametrize(("args", "complaint"), REFUSED)
def test_wrong_options_refuse_the_search(
    lookup: Lookup, sandbox: SandboxServer, args: list[str], complaint: str
) -> None:
    result = lookup([[{"a": EICAR_MD5}]], *args)
    assert (result.replies, result.exit_code, result.stderr) == ([], 1, "")
    ((level, text),) = result.messages
    assert level == "ERROR"
    assert complaint in text
    assert sandbox.all_requests == []


@pytest.mark.parametrize(
    "option", ["max_age=90", "max_age=1.5h", "wait=0", "cache=OFF", "raw=1", "prefix=x:y.z_", "wait=2w"]
)
def test_right_options_are_taken(lookup: Lookup, option: str) -> None:
    assert normal(lookup([], "hash=a", option)).getinfo is not None


def test_the_command_stays_on_the_search_head_and_asks_for_its_field_in_every_spelling(everywhere: Lookup) -> None:
    result = normal(everywhere([], "hash=my field"))
    assert result.getinfo is not None
    fields = result.getinfo.metadata["required_fields"]
    assert result.getinfo.metadata == {"type": "stateful", "required_fields": fields}
    assert fields[0] == "my field"
    folded = {re.sub(r"[\W_]", "", field).lower().rstrip("s") for field in fields}
    assert folded == {"myfield", "my", "field"}
    assert {"My Field", "my_field", "myField", "my field "} <= set(fields)
    assert len(set(fields)) == len(fields) <= 61


def test_with_another_prefix_it_asks_for_fields_called_like_new_ones(lookup: Lookup) -> None:
    result = normal(lookup([], "ip=dest_ip", "prefix=dest_"))
    assert result.getinfo is not None
    assert set(result.getinfo.metadata["required_fields"]) >= {"dest_ip", *(f"dest_{name}" for name in FIELDS)}


@pytest.mark.parametrize("field", ["_raw", "RAW", "_RAW", " _raw", "'_raw'", "host,_raw", "*"])
def test_no_field_of_splunks_own_is_asked_for_unless_it_is_named(lookup: Lookup, field: str) -> None:
    result = normal(lookup([], f"ioc={field}"))
    assert result.getinfo is not None
    others = result.getinfo.metadata["required_fields"][1:]
    assert not [name for name in others if name.startswith("_") or name == "*"]


@pytest.mark.parametrize("value", ["false", "0", "No"])
def test_selected_fields_can_be_turned_off(lookup: Lookup, value: str) -> None:
    result = normal(lookup.set(VTLOOKUP_SELECTED_FIELDS=value)([[{"a": EICAR_MD5}]], "hash=a"))
    assert result.getinfo is not None
    assert result.getinfo.metadata == {"type": "stateful"}
    assert result.records[0]["vt_status"] == "ok"


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *(("vtreport", ["value=8.8.8.8"]), ("vtquota", []), ("vtcache", []), ("vtdrain", [])),
        *(("vtrelated", ["value=8.8.8.8", "relationship=x"]), ("vtbehaviour", ["hash=a"]), ("vtsearch", ["query=a"])),
        ("vtstream", []),
    ],
)
def test_getinfo_of_what_begins_a_search_touches_nothing(
    everywhere: Lookup, sandbox: SandboxServer, name: str, args: list[str]
) -> None:
    info = SearchInfo(args, name, dispatch_dir=str(everywhere.home), session_key="s", splunkd_uri="https://127.0.0.1:1")
    with everywhere.command(name).process() as process:
        reply = process.exchange(info.as_metadata())
        assert reply is not None
        assert reply.metadata == {"type": "events" if name == "vtstream" else "reporting", "generating": True}
        assert (process.finish(), process.stderr) == (0, "")
    assert sandbox.all_requests == []
    assert [path for path in everywhere.home.rglob("*") if path.is_file()] == []


def test_getinfo_touches_neither_network_nor_disk_nor_the_core(everywhere: Lookup, sandbox: SandboxServer) -> None:
    # A closed port for splunkd: a connection fails.
    info = SearchInfo(["hash=a"], dispatch_dir=str(everywhere.home), session_key="s", splunkd_uri="https://127.0.0.1:1")
    with everywhere.process() as process:
        reply = process.exchange(info.as_metadata())
        assert reply is not None
        assert reply.metadata["required_fields"][0] == "a"
        assert (process.finish(), process.stderr) == (0, "")
    assert sandbox.all_requests == []
    assert [path for path in everywhere.home.rglob("*") if path.is_file()] == []


COMMANDS = {
    "vtlookup": ["hash=a"],
    "vtreport": ["value=a"],
    "vtquota": [],
    "vtcache": ["clear=true"],
    "vtdrain": [],
    "vtrelated": ["value=a", "relationship=b"],
    "vtbehaviour": ["hash=a"],
    "vtsearch": ["query=a"],
    "vtstream": ["since=7d"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_getinfo_imports_nothing_of_the_core_and_nothing_for_http(lookup: Lookup, name: str) -> None:
    command = lookup.command(name)
    import_times = subprocess.run(
        [command.python, "-X", "importtime", str(command.script)],
        input=encode_frame(SearchInfo(COMMANDS[name], name, dispatch_dir=str(command.home)).as_metadata()),
        capture_output=True,
        env=command.process_environment,
        timeout=30,
        check=False,
    ).stderr.decode()
    imported = {line.rpartition("|")[2].strip() for line in import_times.splitlines()}
    assert "vtlookup_app.search.command" in imported or "vtlookup_app.commands.base" in imported
    heavy = ("vt_connectors", "requests", "urllib3", "sqlite3", "concurrent.futures.thread")
    assert [found for found in imported if found.startswith(heavy)] == []
