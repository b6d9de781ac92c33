"""Names of commands, options and values: spellings that are accepted, and what is meant by others."""

from __future__ import annotations

import json

import pytest

from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.cli.arguments import make_parser, parse


@pytest.mark.parametrize("name", [name for name in ACTIONS if "_" in name])
def test_every_action_may_be_written_with_hyphens(name: str) -> None:
    hyphens = name.replace("_", "-")
    assert parse(["sample", hyphens]).action == name
    assert parse(["describe", hyphens]).action == name
    help_of = parse(["help", hyphens])
    assert help_of.words == [name]


def test_a_lookup_may_be_written_with_hyphens_after_options_and_after_curl(run: RunnerProcess) -> None:
    ran = run(arguments=("--no-color", "lookup-hash", EICAR))
    assert ran.lines[0]["action"] == "lookup_hash"
    assert "/files/" in run.text("curl", "lookup-hash", EICAR).stdout


def test_values_keep_their_hyphens(run: RunnerProcess) -> None:
    ran = run(arguments=("lookup", "get-votes.example"))
    assert ran.lines[0]["id"] == "get-votes.example"
    assert parse(["curl", "lookup_domain", "lookup-ip"]).values == ["lookup-ip"]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("lokup 8.8.8.8", "did you mean lookup?"),
        ("lookup-hsah x", "did you mean lookup_hash?"),
        ("describe lookup-hsah", "did you mean lookup_hash?"),
        ("curl lookup_ipp 8.8.8.8", "did you mean lookup_ip?"),
        ("curl lokup lookup_ip", "did you mean lookup?"),
        ("lookup 8.8.8.8 --jsn", "did you mean --json?"),
        ("add_comment x --coment text", "did you mean --comment?"),
        ("lookup 8.8.8.8 --cache refersh", "did you mean refresh?"),
        ("cache lst", "did you mean list?"),
        ("sample lookup_hsh", "did you mean lookup_hash?"),
        ("help lookpu", "did you mean lookup?"),
        ("serve tokn", "did you mean token?"),
    ],
)
def test_a_wrong_name_is_refused_with_the_one_that_was_meant(run: RunnerProcess, line: str, meant: str) -> None:
    done = run.text(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert meant in done.stderr
    assert "--help" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_nothing_is_suggested_for_a_name_that_is_similar_to_none(run: RunnerProcess) -> None:
    assert "did you mean" not in run.text("zzzzqqqq").stderr


def test_a_comment_may_begin_like_an_option(run: RunnerProcess) -> None:
    ran = run(arguments=("add_comment", EICAR, "--comment", "--this is no option"))
    assert ran.lines[0]["status"] == "ok"


def test_a_wrong_option_with_the_key_in_it_is_printed_without_the_key(run: RunnerProcess) -> None:
    done = run.text("lookup", "8.8.8.8", f"--{run.environment['VT_API_KEY']}")
    assert run.environment["VT_API_KEY"] not in done.stderr
    assert "[key]" in done.stderr


def test_without_a_command_the_overview_is_printed_and_scripts_see_a_failure(run: RunnerProcess) -> None:
    done, help_of = run.text(), run.text("help")
    assert done.stdout == help_of.stdout == run.text("--help").stdout
    assert (done.returncode, help_of.returncode) == (2, 0)


def test_the_overview_has_every_command_once_and_fits_on_80_columns(run: RunnerProcess) -> None:
    text = run.text("help").stdout
    lines = text.partition("\nDefaults")[0].splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("  vtaction")]
    for name in make_parser([]).subparsers:
        assert name in listed, name
    for name in ACTIONS:
        assert listed.count(name) == 1, name
    assert max(map(len, text.splitlines())) <= 80


def test_the_overview_names_the_defaults_and_the_first_steps(run: RunnerProcess) -> None:
    text = run.text("help").stdout
    for word in ("vtaction sandbox", "vtaction init", "4/minute", "24 hours", "at most 20 seconds"):
        assert word in text


@pytest.mark.parametrize("name", sorted(make_parser([]).subparsers))
def test_every_command_has_help_with_what_it_does(run: RunnerProcess, name: str) -> None:
    done = run.text("help", name)
    assert done.returncode == 0
    assert done.stdout == run.text(name, "--help").stdout
    assert done.stdout.startswith(f"usage: vtaction {name} ")


def test_a_parser_that_has_only_the_command_has_the_same_options(capsys: pytest.CaptureFixture[str]) -> None:
    among_all = make_parser().subparsers["curl"].subparsers
    for name, parser in among_all.items():
        with pytest.raises(SystemExit):
            parse(["curl", name, "--help"])
        assert capsys.readouterr().out == parser.format_help()


def test_options_say_their_defaults(run: RunnerProcess) -> None:
    text = " ".join(run.text("help", "get_comments").stdout.split())
    for default in ("(default: 20)", "(default: 10)", "(default: use a fresh cached answer)", "(default: warning)"):
        assert default in text


def test_a_sample_with_hyphens_is_the_same(run: RunnerProcess) -> None:
    assert json.loads(run.text("sample", "lookup-ip").stdout)["action"] == "lookup_ip"
