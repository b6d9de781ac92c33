"""What actions beyond lookups print on a terminal: everything, readable, and nothing that controls the terminal."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.cli.test_direct_form import on_a_terminal
from tests.vtaction_process import EVERY_LICENCE, RunnerProcess
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.cli.output.layout import lines_of
from vt_connectors.adapters.cli.output.result_sheets import parts_of

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"


def printed(action: str, data: dict[str, Any], width: int = 160) -> str:
    found = []
    for part in parts_of(ACTIONS[action], data, "the summary"):
        found += [part] if isinstance(part, str) else [line.plain for line in lines_of(part, width)]
    return "\n".join(found)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("relationships malicious.example --relationship subdomains --limit 3", "more than 3 subdomains (--limit)"),
        (f"relationships {EICAR} --relationship contacted_urls --full", "contacted_urls"),
        (f"behaviour {INVOICE}", "Process Injection"),
        (f"behaviour {INVOICE} --parts summary", "cmd.exe /c whoami"),
        ("get_votes example.com", "harmless"),
        (f"search {EICAR}", "malicious"),
        ("intelligence_search p:5+ --limit 2", "more than 2 results (--limit)"),
        ("ioc_stream --limit 2", "2 notifications since"),
        ("vt_get attack_techniques/T1055", '"name": "Process Injection"'),
        ("vt_get domains/malicious.example/subdomains --query limit=2", '"cursor":'),
        ("add_vote example.com --verdict harmless", "voted harmless on example.com"),
        ("rescan example.com", "vtaction get_analysis"),
    ],
)
def test_every_action_shows_its_answer(run: RunnerProcess, line: str, expected: str) -> None:
    run.environment["VT_API_KEY"] = EVERY_LICENCE
    seen, code = on_a_terminal(run, *line.split())
    assert expected in seen
    assert code == 0


def test_any_object_is_printed_as_json_that_a_program_can_read() -> None:
    response = {"data": {"text": "\x1b[2J\u202egrüße " + "x" * 300}}
    text = printed("vt_get", {"path": "/api/v3/x", "response": response}, width=40)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert json.loads(text[text.index("{") :]) == response


def test_a_comment_is_shown_whole_with_its_tags() -> None:
    text = printed(
        "get_comment", {"comment_id": "d-a-1", "comment": "word " * 100 + "end", "tags": ["a", "b"]}, width=60
    )
    assert text.count("word") == 100
    assert "end" in text
    assert "a, b" in text
    assert "date" not in text, "a column without a value is left out"


def test_rows_show_whole_values_ids_of_other_objects_and_their_attributes() -> None:
    rows = [
        {"type": "hash", "indicator": EICAR, "verdict": "malicious"},
        {
            "type": "whois",
            "id": "w-1",
            "attributes": {"registrar": "A\x1b[2J", "servers": ["ns1", "ns2"], "n": {"m": 1}},
        },
    ]
    data = {"type": "domain", "indicator": "a.example", "related": rows, "more": True}
    text = printed("relationships", data)
    assert EICAR in text
    assert "w-1" in text
    assert "servers: ns1, ns2; n: m: 1" in text
    assert "\x1b" not in text
    assert "date" not in text
    narrow = printed("relationships", data, width=40)
    assert EICAR in [line.strip() for line in narrow.splitlines()], "a hash is never broken, so that it can be copied"


def test_what_a_file_did_is_a_row_for_each_kind_with_a_value_a_line() -> None:
    summary = {"commands": ["whoami", "dir"], "connections": [{"ip": "192.0.2.1", "port": 443}], "http": []}
    text = printed("behaviour", {"type": "hash", "indicator": EICAR, "summary": summary})
    assert [line.split()[-1] for line in text.splitlines() if "whoami" in line or "dir" in line] == ["whoami", "dir"]
    assert "192.0.2.1, 443" in text
    assert "mutexes" not in text


def test_an_answer_without_rows_has_no_tables_of_its_own() -> None:
    for action in ACTIONS.values():
        assert parts_of(action, {"type": "ip", "indicator": "10.0.0.1", "reason": "private_address"}, "skipped") == []


@pytest.mark.parametrize(
    "line",
    [
        "search eicar",
        f"behaviour {'0' * 64}",
        f"behaviour {'0' * 64} --parts summary",
        "get_comments 9.9.9.9",
    ],
)
@pytest.mark.parametrize("shape", ["table", "markdown"])
def test_an_answer_without_rows_has_no_headers_of_a_table_but_says_so(
    run: RunnerProcess, line: str, shape: str
) -> None:
    run.environment["VT_API_KEY"] = EVERY_LICENCE
    done = run.text(*line.split(), "--format", shape)
    (response,) = run(arguments=tuple(line.split())).lines
    assert not any(value for value in response["data"].values() if isinstance(value, (list, dict))), "without rows"
    assert response["summary"].partition(": ")[2][:20] in done.stdout
    if shape == "table":
        assert not any(line.split()[:1] in (["type"], ["technique"], ["date"]) for line in done.stdout.splitlines())
    else:
        assert len(done.stdout.splitlines()) > 2


@pytest.mark.parametrize(
    ("line", "column"),
    [("get_comments 10.0.0.1 10.0.0.2", "status"), ("lookup 10.0.0.1 10.0.0.2", "verdict")],
)
def test_several_answers_have_a_verdict_only_if_the_action_judges(run: RunnerProcess, line: str, column: str) -> None:
    head, *rows = run.text(*line.split(), "--format", "table").stdout.splitlines()
    assert head.split()[:2] == ["indicator", column]
    assert [row.split()[1] for row in rows if row.startswith("10.")] == ["skipped", "skipped"]


@pytest.mark.parametrize(("about", "column"), [("8.8.8.8", "host"), ("malicious.example", "ip")])
@pytest.mark.parametrize("full", [(), ("--full",)])
def test_a_resolution_is_known_by_the_host_or_the_address_that_it_adds(
    run: RunnerProcess, about: str, column: str, full: tuple[str, ...]
) -> None:
    line = ("relationships", about, "--relationship", "resolutions", *full)
    rows = list(csv.DictReader(io.StringIO(run.text(*line, "--format", "csv").stdout)))
    assert rows
    assert [row["indicator"] for row in rows] == [row[column] for row in rows]
