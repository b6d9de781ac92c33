"""Whatever stands in a value, the shell runs the printed lines and nothing else, and nobody sees the key."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.export.shell import KEY, Shell
from tests.vtaction_process import EICAR
from vt_connectors.sandbox import SandboxServer

NASTY = [
    'it\'s "quoted" and `touch pwned` and $(touch pwned) and $HOME and ${PATH}',
    "; touch pwned; # & touch pwned & | touch pwned",
    "' ; touch pwned ; '",
    "two\nlines\n# touch pwned\ntouch pwned\n",
    "back\\slash \\' \\\" %s %n !! ~ * ? [a-z] {a,b}",
    "@/etc/passwd",
    "-o pwned --output pwned",
    "name=value&more=1+1",
    "grüße 漢字 😀",
    "\x1b[2Jcleared",
]


def nothing_else_ran(shell: Shell) -> bool:
    return not (shell.folder / "pwned").exists()


@pytest.mark.parametrize("text", NASTY)
def test_a_comment_arrives_as_it_was_given(shell: Shell, text: str) -> None:
    shell.answer("add_comment", EICAR, f"--comment={text}")
    assert nothing_else_ran(shell)
    texts = [row["text"] for row in shell.action("get_comments", EICAR)["data"]["comments"]]
    assert text in texts


@pytest.mark.parametrize(
    "tail", ["a?b=1&c='$(touch${IFS}pwned)'", 'a"b`touch${IFS}pwned`#frag;touch', "%2e%2e/[x]{y}ü"]
)
def test_a_url_arrives_as_it_was_given(shell: Shell, tail: str) -> None:
    url = f"http://evil.example/{tail}"
    shell.answer("scan_url", url)
    assert nothing_else_ran(shell)
    sha256 = hashlib.sha256(url.encode()).hexdigest()
    assert sha256 in json.dumps(shell.action("lookup_url", url)["data"])


@pytest.mark.parametrize(
    "name", ["it's $(touch pwned).bin", 'a "b" \\c;d,e=f.bin', "two\nlines.bin", "-o", "@x", "ü 😀", "ordinary-1.bin"]
)
def test_a_file_arrives_whatever_it_is_called(shell: Shell, name: str) -> None:
    (shell.folder / name).write_bytes(b"content of " + name.encode())
    shell.answer("scan_file", "--", name)
    assert nothing_else_ran(shell)
    sha256 = hashlib.sha256(b"content of " + name.encode()).hexdigest()
    response = shell.action("lookup_hash", sha256)
    assert response["data"]["id"] == sha256


def test_a_file_goes_out_under_the_name_that_the_action_gives_it(shell: Shell, sandbox: SandboxServer) -> None:
    (shell.folder / 'ü "x".bin').write_bytes(b"named")
    assert 'filename="_ _x_.bin"' in shell.printed("scan_file", 'ü "x".bin').text


@pytest.mark.parametrize("action", [("lookup_hash", EICAR), ("quota",), ("scan_url", "http://evil.example/")])
def test_the_servers_address_is_data_too(shell: Shell, sandbox: SandboxServer, action: tuple[str, ...]) -> None:
    base = sandbox.url + "/$(touch${IFS}pwned)'`touch${IFS}pwned`\"%s\\{a,b}"
    printed = shell.printed(*action, VT_API_URL=base)
    assert printed.exit_code == 0
    shell.run(printed.text)
    assert nothing_else_ran(shell)
    assert sandbox.all_requests[-1].status == 404


def test_every_byte_of_a_key_arrives(shell: Shell, sandbox: SandboxServer) -> None:
    odd = "k&'\"$(touch${IFS}pwned)`touch${IFS}pwned`\\n%s@="
    for action in (("lookup_hash", EICAR), ("lookup_ip", "8.8.8.8"), ("scan_url", "http://evil.example/")):
        shell.answer(*action, VT_API_KEY=odd)
    assert nothing_else_ran(shell)
    with_curl = {entry.key for entry in sandbox.all_requests}
    shell.action("lookup_hash", EICAR, VT_API_KEY=odd)
    assert with_curl == {sandbox.all_requests[-1].key}


@pytest.mark.parametrize(
    "arguments",
    [
        ("lookup_hash", EICAR),
        ("lookup_url", "http://unknown.example/", "--scan-if-missing"),
        ("lookup_domain", "example.com"),
        ("lookup_ip", "8.8.8.8"),
        ("add_comment", "https://www.example.com/", "--comment", "x"),
        ("get_comments", EICAR),
        ("passive_dns", "8.8.8.8"),
        ("scan_file", "large.bin"),
        ("scan_file", "small.bin"),
        ("rescan_file", EICAR),
        ("quota",),
    ],
)
def test_the_key_is_neither_printed_nor_an_argument_of_any_process(shell: Shell, arguments: tuple[str, ...]) -> None:
    for name, size in (("small.bin", 1), ("large.bin", 32_000_001)):
        with (shell.folder / name).open("wb") as file:
            file.truncate(size)
    printed = shell.printed(*arguments)
    assert (printed.exit_code, KEY in printed.text) == (0, False)
    # The lines are those for a large file, and which processes they start does not depend on what is sent.
    with (shell.folder / "large.bin").open("wb") as file:
        file.truncate(1)
    done = shell.run(printed.text)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)
    assert "127.0.0.1" in shell.arguments or arguments == ("quota",)
    assert KEY not in shell.arguments


def test_nothing_of_the_environment_but_the_key_is_needed(shell: Shell) -> None:
    done = shell.run(shell.printed("lookup_hash", EICAR).text, VT_API_KEY="wrong-key")
    if shell.version == "3":
        assert json.loads(done.stdout)["error"]["code"] == "WrongCredentialsError"
    else:
        assert done.stdout == ""
