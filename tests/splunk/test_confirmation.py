"""Searches of pages send nothing to VirusTotal without the code of a click, whatever a link puts into them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from package.splunkd_driver.driver import SearchResult
from tests.package.spl_reader import HOMES, PROJECT, commands
from vt_connectors.sandbox import SandboxServer

from .endpoint_harness import ANALYST
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5
from .studio.pipeline import plain

# Each command's request, and the field that has the code.
REQUESTS = {
    "vtreport": ([f"value={EICAR_MD5}", "engines=true"], "vt_confirm"),
    "vtrelated": ([f"value={EICAR_MD5}", "relationship=contacted_urls"], "vt_confirm"),
    "vtbehaviour": ([f"hash={EICAR_MD5}"], "vt_confirm"),
    "vtcomment": ([f"value={EICAR_MD5}", "comment=Seen in a mail #eicar"], "confirm"),
}
OTHER = f"value={md5(4_711)}"
_TOKEN = re.compile(r"\$([\w.]+)(?:\|\w)*\$")


@pytest.fixture
def app_of_a_writer(keyless: Lookup, splunkd: FakeSplunkd) -> Lookup:
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    splunkd.users[SESSION] = ANALYST | {"run_vtlookup_write"}
    return keyless


def run(app: Lookup, splunkd: FakeSplunkd, name: str, *args: str, owner: str = "alice") -> SearchResult:
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url, "owner": owner}
    return app.command(name)([], *args, **there)


def code_of(app: Lookup, splunkd: FakeSplunkd, name: str, args: list[str], given: str = "none") -> str:
    [row, *_] = run(app, splunkd, name, *args, f"confirm={given}").records
    return str(row[REQUESTS[name][1]])


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_sent_with_the_code_of_its_row_only(
    name: str, app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    args, _ = REQUESTS[name]
    code = code_of(app_of_a_writer, splunkd, name, args)
    assert sandbox.requests == []
    for wrong in ("", "none", "$row.confirm$", f"{code}0", f"9{code}", code.replace(".", ".0", 1), code.upper() + "x"):
        code_of(app_of_a_writer, splunkd, name, args, wrong)
    assert sandbox.requests == []
    code_of(app_of_a_writer, splunkd, name, args, code)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("name", REQUESTS)
def test_a_code_is_for_one_user_one_request_and_one_command(
    name: str, app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    args, _ = REQUESTS[name]
    code = code_of(app_of_a_writer, splunkd, name, args)
    run(app_of_a_writer, splunkd, name, *args, f"confirm={code}", owner="mallory")
    changed = [args[0].partition("=")[0] + "=" + md5(4_711), *args[1:]]
    run(app_of_a_writer, splunkd, name, *changed, f"confirm={code}")
    other = "vtreport" if name != "vtreport" else "vtrelated"
    run(app_of_a_writer, splunkd, other, *REQUESTS[other][0], f"confirm={code}")
    assert sandbox.requests == []


def test_a_code_ends(app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    from vtlookup_app.confirmation import VALID_S, Confirmation

    args = REQUESTS["vtcomment"][0]
    given = dict(arg.split("=", 1) for arg in args)
    code_of(app_of_a_writer, splunkd, "vtcomment", args)
    folder = app_of_a_writer.home / "var/lib/vtlookup"
    made = Confirmation(folder, "alice", "vtcomment", {**given, "confirm": ""})
    for until in (time.time() - 1, time.time() + VALID_S + 600):
        code_of(app_of_a_writer, splunkd, "vtcomment", args, made._code_until(int(until)))
    assert sandbox.requests == []
    code_of(app_of_a_writer, splunkd, "vtcomment", args, made.code())
    assert len(sandbox.requests) == 1
    assert (folder / "confirmations.key").stat().st_mode & 0o077 == 0


def test_a_click_posts_a_comment_once_also_if_its_search_runs_again(
    app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    from vtlookup_app.confirmation import Confirmation

    args = REQUESTS["vtcomment"][0]
    code = code_of(app_of_a_writer, splunkd, "vtcomment", args)
    statuses = [run(app_of_a_writer, splunkd, "vtcomment", *args, f"confirm={code}").records[0] for _ in range(3)]
    assert [row["status"] for row in statuses] == ["ok", "not_sent", "not_sent"]
    assert "again" in statuses[1]["summary"]
    assert len(sandbox.requests) == 1
    folder = app_of_a_writer.home / "var/lib/vtlookup"
    given = dict(arg.split("=", 1) for arg in args)
    later = Confirmation(folder, "alice", "vtcomment", {**given, "confirm": ""})._code_until(int(time.time()) + 300)
    run(app_of_a_writer, splunkd, "vtcomment", *args, f"confirm={later}")
    assert len(sandbox.requests) == 2


def test_a_click_that_cannot_be_recorded_sends_nothing(
    app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    args = REQUESTS["vtcomment"][0]
    code = code_of(app_of_a_writer, splunkd, "vtcomment", args)
    (app_of_a_writer.home / "var/lib/vtlookup/confirmed").write_bytes(b"")
    result = run(app_of_a_writer, splunkd, "vtcomment", *args, f"confirm={code}")
    assert (result.records, sandbox.requests) == ([], [])
    assert "nothing was sent" in result.messages[0][1]


def test_codes_that_were_used_are_forgotten_when_they_have_ended(app_of_a_writer: Lookup, splunkd: FakeSplunkd) -> None:
    args = REQUESTS["vtcomment"][0]
    taken = app_of_a_writer.home / "var/lib/vtlookup/confirmed"
    code = code_of(app_of_a_writer, splunkd, "vtcomment", args)
    taken.mkdir()
    (taken / f"1000.{'0' * 64}").write_bytes(b"")
    code_of(app_of_a_writer, splunkd, "vtcomment", args, code)
    assert [file.name for file in taken.iterdir()] == [code]


def test_a_file_that_cannot_be_used_ends_the_search_and_says_so(
    app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    folder = app_of_a_writer.home / "var/lib/vtlookup"
    folder.mkdir(parents=True)
    (folder / "confirmations.key").write_bytes(b"short")
    result = run(app_of_a_writer, splunkd, "vtreport", f"value={EICAR_MD5}", "confirm=none")
    assert (result.records, sandbox.requests) == ([], [])
    assert "nothing was sent" in result.messages[0][1]


def test_a_cached_answer_without_engines_is_shown(
    app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    run(app_of_a_writer, splunkd, "vtreport", f"value={EICAR_MD5}")
    before = len(sandbox.requests)
    [row] = run(app_of_a_writer, splunkd, "vtreport", f"value={EICAR_MD5}", "engines=true", "confirm=none").records
    assert (row["vt_status"], row["vt_verdict"], row["vt_engine"]) == ("ok", "malicious", "")
    assert len(sandbox.requests) == before


def test_a_page_gets_a_row_for_an_error(app_of_a_writer: Lookup, splunkd: FakeSplunkd) -> None:
    args = [f"value={EICAR_MD5}", "relationship=communicating_files"]
    [row] = run(app_of_a_writer, splunkd, "vtrelated", *args, "confirm=none").records
    assert (row["vt_status"], row["vt_indicator"]) in (("error", ""), ("skipped", ""))
    splunkd.users[SESSION] = frozenset()
    code = row["vt_confirm"]
    [row] = run(app_of_a_writer, splunkd, "vtrelated", *args, f"confirm={code}").records
    assert row["vt_status"] == "error"
    assert row["vt_reason"]


def _searches() -> Iterator[tuple[str, str]]:
    """(page, search) for each search of a page with a command of the app, tokens and all."""
    for view in sorted((PROJECT / "splunk_app/default/data/ui/views").glob("vt_*.xml")):
        root = ElementTree.parse(view).getroot()
        sources = json.loads(root.findtext("definition") or '{"dataSources": {}}')["dataSources"].values()
        queries = [each.text or "" for each in root.iter("query")]
        for query in [*queries, *(source["options"]["query"] for source in sources)]:
            if query.lstrip().startswith("| vt"):
                yield view.stem, query


SEARCHES = sorted(set(_searches()))


def test_the_pages_searches_are_found() -> None:
    pages = ["vt_comment", "vt_details", "vt_overview", "vt_overview_classic", "vt_report", "vt_report_classic"]
    assert sorted({page for page, _ in SEARCHES}) == pages


@pytest.mark.parametrize(("page", "search"), SEARCHES)
def test_a_search_of_a_page_costs_nothing_whatever_a_link_sets(
    page: str, search: str, app_of_a_writer: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    values = {"relationship": "contacted_urls", "value": EICAR_MD5, "comment": "Posted by a link"}
    filled = _TOKEN.sub(lambda match: json.dumps(values.get(match[1], f"{int(time.time()) + 60}.{'0' * 64}")), search)
    (name, arguments), *_ = commands(filled)
    assert name in HOMES
    args = re.findall(r'\w+=(?:"(?:\\.|[^"\\])*"|\S+)', arguments)
    given = [f"{option}={plain(value)}" for option, value in (arg.split("=", 1) for arg in args)]
    result = run(app_of_a_writer, splunkd, name, *given)
    assert result.complete, Path(page)
    assert sandbox.requests == []
