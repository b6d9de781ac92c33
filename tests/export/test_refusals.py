"""What cannot be asked is refused as the action refuses it."""

from __future__ import annotations

import os

import pytest

from tests.export.shell import Shell
from tests.vtaction_process import EICAR


@pytest.mark.parametrize(
    "arguments",
    [
        ("lookup_hash", "not a hash"),
        ("lookup_url", "http://"),
        ("lookup_domain", "8.8.8.8"),
        ("lookup_ip", "999.1.1.1"),
        ("get_analysis", ".."),
        ("passive_dns", "nonsense"),
        ("get_comments", EICAR, "--limit", "0"),
        ("add_comment", EICAR, "--type", "url", "--comment", ""),
        ("scan_file", "missing.bin"),
        ("scan_file", "."),
        ("scan_file", "empty.bin"),
    ],
)
def test_the_message_is_the_actions_and_the_exit_status_is_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    (shell.folder / "empty.bin").touch()
    printed = shell.printed(*arguments)
    assert (printed.text, printed.exit_code) == ("", 2)
    assert printed.stderr == f"vtaction curl: {shell.action(*arguments)['error']['message']}\n"


def test_one_bad_value_does_not_cost_the_others(shell: Shell) -> None:
    printed = shell.printed("lookup_ip", "8.8.8.8", "nonsense", "1.1.1.1")
    assert printed.text.count("curl ") == 2
    assert (printed.exit_code, printed.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("value", ["10.0.0.1", "fe80::1", "127.0.0.1"])
def test_what_must_not_leave_the_house_is_a_comment(shell: Shell, value: str) -> None:
    printed = shell.printed("lookup_ip", value)
    assert printed.exit_code == 0
    assert printed.text == f"# {shell.action('lookup_ip', value)['summary']}\n"


def test_the_users_own_list_of_names_is_kept_to(shell: Shell) -> None:
    printed = shell.printed("lookup_domain", "a.corp.example", VT_NEVER_QUERY="corp.example")
    assert printed.text.startswith("# skipped: it is on the never-query list")


@pytest.mark.parametrize("changes", [{"VT_API_URL": "http://www.example.com"}, {"VT_API_VERSION": "4"}])
def test_wrong_settings_are_said_and_exit_2(shell: Shell, changes: dict[str, str]) -> None:
    printed = shell.printed("lookup_hash", EICAR, **changes)
    assert (printed.text, printed.exit_code) == ("", 2)
    assert next(iter(changes)) in printed.stderr


def test_no_key_is_needed_to_print(shell: Shell) -> None:
    assert shell.printed("lookup_hash", EICAR, VT_API_KEY="").exit_code == 0


def test_an_error_in_between_ends_the_lines_and_is_shown(shell: Shell) -> None:
    text = shell.printed("lookup_url", "http://unknown.example/", "--scan-if-missing").text
    done = shell.run(text, VT_API_KEY="forbidden")
    if shell.version == "3":
        assert "ForbiddenError" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="paths are bytes on POSIX only")
def test_a_path_that_is_no_unicode_is_printed_as_it_is(shell: Shell) -> None:
    name = os.fsdecode(b"\xff.bin")
    (shell.folder / name).write_bytes(b"x")
    shell.answer("scan_file", name)


def test_options_may_stand_before_the_action(shell: Shell) -> None:
    printed = shell.printed("--log-level", "error", "lookup_hash", EICAR)
    assert (printed.exit_code, printed.stderr) == (0, "")
