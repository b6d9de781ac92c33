"""The completion scripts in the shells that they are for, as far as these are installed."""

from __future__ import annotations

import os
import pty
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors.adapters.cli.arguments import make_parser
from vt_connectors.adapters.cli.completion.bash import bash_script
from vt_connectors.adapters.cli.completion.fish import fish_script
from vt_connectors.adapters.cli.completion.model import Place, places
from vt_connectors.adapters.cli.completion.zsh import zsh_script

pytestmark = pytest.mark.once
PLACES = list(places(make_parser()))
# What is typed, and what is offered, with none of what is not.
CASES = [
    ("loo", {"lookup", "lookup_hash", "lookup_ip"}, {"quota"}),
    ("lookup-ip --ca", {"--cache"}, {"--comment"}),
    ("lookup_ip --cache ", {"default", "refresh", "only", "off"}, {"--cache"}),
    ("--no-color lookup_ip --fo", {"--format"}, set()),
    ("lookup 8.8.8.8 --include ", {"raw", "engines", "context"}, {"8.8.8.8"}),
    ("serve to", {"token"}, {"lookup"}),
    ("serve token add --ri", {"--rights"}, {"--listen"}),
    ("cache ", {"list", "clear", "stats"}, {"lookup"}),
    ("curl lookup_d", {"lookup_domain"}, {"lookup_ip"}),
    ("sample add_c", {"add_comment"}, {"lookup"}),
    ("describe add_c", {"add_comment"}, {"lookup"}),
]


def _shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completion")
    for name, script in (("bash", bash_script), ("zsh", zsh_script), ("fish", fish_script)):
        (folder / name).write_text(script(PLACES), "utf-8")
    return folder


@pytest.mark.parametrize("typed", ["scan_file s", "serve --unix s"])
def test_bash_offers_the_names_of_files_as_they_are(scripts: Path, tmp_path: Path, typed: str) -> None:
    names = {"s b.exe", "s$(touch made).txt", "s*", "s;x", "s'\\\"x"}
    for name in names:
        (tmp_path / name).write_bytes(b"")
    words = ["vtaction", *typed.split(" ")]
    reply = "printf '%s\\n' \"${COMPREPLY[@]}\""
    line = f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _vtaction; {reply}"
    command = f"cd {shlex.quote(str(tmp_path))}; source {shlex.quote(str(scripts / 'bash'))}; {line}"
    assert _run([_shell("bash"), "--norc", "-c", command]) == names
    assert {each.name for each in tmp_path.iterdir()} == names


@pytest.mark.parametrize(("typed", "offered", "others"), CASES)
def test_bash_offers_what_fits(scripts: Path, typed: str, offered: set[str], others: set[str]) -> None:
    words = ["vtaction", *typed.split(" ")]
    reply = "printf '%s\\n' \"${COMPREPLY[@]}\""
    line = f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _vtaction; {reply}"
    found = _run([_shell("bash"), "--norc", "-c", f"source {shlex.quote(str(scripts / 'bash'))}; {line}"])
    assert offered <= found
    assert not others & found


@pytest.mark.parametrize(("typed", "offered", "others"), CASES)
def test_fish_offers_what_fits(scripts: Path, tmp_path: Path, typed: str, offered: set[str], others: set[str]) -> None:
    script = f"source {shlex.quote(str(scripts / 'fish'))}; complete -C {shlex.quote(f'vtaction {typed}')}"
    found = _run([_shell("fish"), "--no-config", "-c", script], HOME=str(tmp_path))
    assert offered <= found
    assert not others & found


def _run(command: list[str], **changes: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **changes})
    assert done.stderr == ""
    return {line.split("\t")[0] for line in done.stdout.splitlines()}


def test_zsh_offers_what_fits_at_a_terminal(scripts: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path), "TERM": "dumb", "COLUMNS": "150"}
    process = subprocess.Popen([_shell("zsh"), "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        begin = f"PS1=; autoload -U compinit; compinit -u -D; source {shlex.quote(str(scripts / 'zsh'))}; print re''ady"
        _typed(ours, f"{begin}\n", "ready")
        for typed, offered, _ in CASES:
            # A single match is inserted, several are listed at the second tab.
            _typed(ours, f"vtaction {typed}\t\t", *offered)
            os.write(ours, b"\x15")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _typed(terminal: int, keys: str, *expected: str) -> None:
    os.write(terminal, keys.encode())
    seen, ends = b"", time.monotonic() + 60
    while not all(word.encode() in seen for word in expected):
        assert time.monotonic() < ends, seen
        seen += os.read(terminal, 4096)


def test_every_command_and_option_is_in_every_script() -> None:
    for script in (bash_script(PLACES), zsh_script(PLACES), fish_script(PLACES)):
        for place in PLACES:
            assert all(name in script for name, _ in place.commands)
            assert all(flag.lstrip("-") in script for option in place.options for flag in option.flags)


def test_texts_with_quotes_do_not_end_a_string_of_the_script(tmp_path: Path) -> None:
    odd = Place("", (("it", 'it\'s a \\ "test": `date` $(date) $HOME'),), (), (), False)
    for name, script in (("bash", bash_script), ("zsh", zsh_script), ("fish", fish_script)):
        file = tmp_path / name
        file.write_text(script([odd, odd._replace(path="/it", commands=())]), "utf-8")
        if shutil.which(name):
            subprocess.run([name, "-n", str(file)], check=True)


def test_the_command_prints_the_script(run: RunnerProcess) -> None:
    assert run.text("completion", "bash").stdout == bash_script(PLACES)
