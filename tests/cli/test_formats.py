"""`--format`: the same answers for people, programs, spreadsheets and tickets."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.cli.test_direct_form import on_a_terminal
from tests.vtaction_process import EICAR, EVERY_LICENCE, RunnerProcess

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"


def shown(run: RunnerProcess, *arguments: str, columns: int = 80) -> str:
    seen, _ = on_a_terminal(run, *arguments, columns=columns, NO_COLOR="1")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "\n")


@pytest.mark.parametrize("columns", [80, 200])
def test_one_report_is_a_card(run: RunnerProcess, columns: int) -> None:
    text = shown(run, "lookup", EICAR, columns=columns)
    for fact in ("62 of 68 engines", "virus.eicar/test", "Engine 01 (", "and 54 more", "2025-06-04 22:12 UTC"):
        assert fact in " ".join(text.split()), fact
    for whole in (EICAR, "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"):
        assert whole in text
    assert "source         VirusTotal, now" in text
    again = shown(run, "lookup", EICAR, columns=columns)
    assert "--cache refresh" in again


def test_an_address_and_a_domain_have_their_own_facts(run: RunnerProcess) -> None:
    text = shown(run, "lookup", "8.8.8.8")
    assert "AS64502 Prairie Telecom, 8.8.8.0/24" in text
    assert "country        US" in text
    assert "Nowhere Names Ltd." in shown(run, "lookup", "malicious.example")


@pytest.mark.parametrize("columns", [80, 200])
def test_several_reports_are_a_table_in_which_hashes_are_whole(run: RunnerProcess, columns: int) -> None:
    text = shown(run, "lookup", INVOICE, "8.8.8.8", "10.0.0.1", "nonsense", columns=columns)
    for whole in (INVOICE, "8.8.8.8", "47/67", "2025-06-04 04:49", "skipped", "invalid_indicator"):
        assert whole in text
    assert text.count("Check where the value comes from.") == 1


def test_engines_can_be_seen_the_detections_first(run: RunnerProcess) -> None:
    lines = shown(run, "lookup", EICAR, "--include", "engines").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("engine "))
    opinions = [re.split(r" {2,}", line)[1] for line in lines[begin + 1 :] if line.startswith("Engine ")]
    assert opinions[:62] == ["malicious"] * 62
    assert "malicious" not in opinions[62:]


def test_a_scan_shows_the_names_of_the_files(run: RunnerProcess, tmp_path: Path) -> None:
    files = [tmp_path / "one.bin", tmp_path / "two.bin"]
    for file in files:
        file.write_text(file.name)
    for text in (shown(run, "scan_file", *map(str, files), columns=200), shown(run, "scan_file", str(files[0]))):
        assert str(files[0]) in text
        assert "vtaction get_analysis " in text


def test_the_quota_has_bars_and_the_time_when_there_is_more(run: RunnerProcess) -> None:
    run.environment["VT_QUOTA"] = "4/minute,500/day"
    run(arguments=("lookup", "8.8.8.8"))
    text = shown(run, "quota", columns=120)
    assert "minute  ■■■■■···············     1      4     3" in text
    assert "00:00 UTC)" in text
    assert "api requests daily" in text


def test_cached_answers_are_listed_with_indicator_and_verdict(run: RunnerProcess) -> None:
    run(arguments=("lookup", EICAR, "unknown.example"))
    rows = [line.split()[:3] for line in shown(run, "cache", "list", columns=120).splitlines()]
    assert [EICAR, "hash", "malicious"] in rows
    assert ["unknown.example", "domain", "unknown"] in rows
    listed = [json.loads(line) for line in run.text("cache", "list").stdout.splitlines()]
    assert {(row["indicator"], row["verdict"]) for row in listed} >= {(EICAR, "malicious")}


def test_json_is_one_array_and_ndjson_a_line_for_each(run: RunnerProcess) -> None:
    array = json.loads(run.text("lookup", EICAR, "8.8.8.8", "--format", "json").stdout)
    lines = run.text("lookup", EICAR, "8.8.8.8", "--format", "ndjson").stdout.splitlines()
    assert [each["id"] for each in array] == [json.loads(line)["id"] for line in lines] == [EICAR, "8.8.8.8"]


def test_csv_has_one_value_in_each_cell(run: RunnerProcess) -> None:
    done = run.text("lookup", EICAR, "8.8.8.8", "nonsense", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["verdict"] for row in rows] == ["malicious", "undetected", ""]
    assert (rows[0]["malicious"], rows[0]["engines"], rows[0]["last_analysis"]) == ("62", "68", "2025-06-04T22:12:46Z")
    assert rows[2]["error"] == "invalid_indicator"
    assert done.returncode == 1


def test_csv_of_rows_has_the_columns_of_the_action(run: RunnerProcess) -> None:
    run.environment["VT_API_KEY"] = EVERY_LICENCE
    line = "relationships malicious.example --relationship subdomains --limit 2 --format csv"
    rows = list(csv.DictReader(io.StringIO(run.text(*line.split()).stdout)))
    assert len(rows) == 2
    assert {"type", "indicator"} <= set(rows[0])


def test_markdown_is_a_table(run: RunnerProcess) -> None:
    lines = run.text("lookup", EICAR, "--format", "markdown").stdout.splitlines()
    assert lines[0].startswith("| value | type |")
    assert lines[1].startswith("|---|")
    assert len(lines) == 3


def test_a_table_can_be_had_in_a_pipe(run: RunnerProcess) -> None:
    assert "62 of 68 engines" in run.text("lookup", EICAR, "--format", "table").stdout


def test_no_color_is_an_option_too(run: RunnerProcess) -> None:
    seen, _ = on_a_terminal(run, "lookup", EICAR, "--no-color")
    assert "malicious" in seen
    assert "[31m" not in seen
    assert "[1;31m" not in seen


def test_waiting_for_quota_is_shown_with_seconds(run: RunnerProcess) -> None:
    run.environment["VT_QUOTA"] = "1/3s"
    text = shown(run, "lookup", "8.8.8.8", "1.1.1.1", "--max-wait", "90")
    assert "waiting for quota" in text
    assert "s of at most 90 s" in text
