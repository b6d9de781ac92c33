"""A search sets our options and no others: the SDK's own, and the SDK's other ways in, are closed for every command."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import splunklib
from splunklib.searchcommands import Option
from splunklib.searchcommands.search_command import SearchCommand

from package.splunkd_driver.driver import SearchInfo, SearchResult
from package.splunkd_driver.wire import encode_frame, read_frame
from tests.package.conf_reader import read_conf
from tests.package.spl_reader import BIN, HOMES, options_of
from vt_connectors.sandbox import SandboxServer
from vtlookup_app.chunks.protocol import Input
from vtlookup_app.commands.quota import VtQuota

from .searching import EICAR_MD5, Lookup
from .watched import SECRET, Bait, bait, logging_configuration

COMMANDS = {
    "vtlookup": ["hash=a"],
    "vtreport": [f"value={EICAR_MD5}"],
    "vtquota": [],
    "vtcache": [],
    "vtdrain": [],
    "vtcomment": [f"value={EICAR_MD5}", "comment=x"],
    "vtrelated": [f"value={EICAR_MD5}", "relationship=contacted_urls"],
    "vtbehaviour": [f"hash={EICAR_MD5}"],
    "vtsearch": [f"query={EICAR_MD5}"],
    "vtstream": [],
}
SDK_OPTIONS = {
    "logging_configuration": "refused",
    "logging_level": "refused",
    "phase": "refused",
    "record": "refused",
    "show_configuration": "refused",
}
SDK_ARGUMENTS = {
    "__GETINFO__": "refused",
    "__EXECUTE__": "refused",
    "__map__": "refused",
    "--help": "refused",
    "": "refused",
}
SDK_FILES = {
    "default/logging.conf": "not read",
    "default/splunklib.logging.conf": "not read",
    "default/{command}.logging.conf": "not read",
    "local/logging.conf": "not read",
    "local/splunklib.logging.conf": "not read",
    "local/{command}.logging.conf": "not read",
    "var/run/splunklib.searchcommands/recordings": "not made",
}
EVENTS = [[{"a": EICAR_MD5}]]


@pytest.fixture
def watched(lookup: Lookup, tmp_path: Path) -> Bait:
    return bait(tmp_path, lookup)


def run(lookup: Lookup, name: str, *more: str) -> SearchResult:
    return lookup.command(name)(EVENTS if name == "vtlookup" else [], *COMMANDS[name], *more)


def refusal(result: SearchResult) -> str:
    """The one message of a search that did not begin."""
    assert (result.replies, result.records, result.exit_code, result.stderr) == ([], [], 1, "")
    ((level, text),) = result.messages
    assert level == "ERROR"
    return text


_LIST_OPTIONS = """
import inspect, json, sys
sys.path.insert(0, sys.argv[1])
from splunklib import searchcommands
from splunklib.searchcommands import Option
from splunklib.searchcommands.search_command import SearchCommand
known = left = [SearchCommand]
while left:
    left = [made for one in left for made in one.__subclasses__()]
    known = known + left
exported = {made for made in vars(searchcommands).values() if inspect.isclass(made)}
assert {made for made in exported if issubclass(made, SearchCommand)} < set(known), known
assert len(known) >= 5, known
assert searchcommands.__file__.startswith(sys.argv[1])
names = {name for made in known for name, _ in inspect.getmembers(made, lambda it: isinstance(it, Option))}
print(json.dumps(sorted(names)))
"""


def sdk_options(python: str, folder: Path) -> list[str]:
    """The options of every class that a command may be derived from, of the SDK in `folder`."""
    ran = subprocess.run([python, "-c", _LIST_OPTIONS, str(folder)], capture_output=True, timeout=60, check=False)
    assert ran.stderr == b""
    found: list[str] = json.loads(ran.stdout)
    return found


def test_the_table_of_commands_is_the_apps() -> None:
    assert list(COMMANDS) == list(HOMES) == list(read_conf(BIN.parent / "default/commands.conf"))


def test_every_option_of_the_installed_sdk_is_decided() -> None:
    assert sdk_options(sys.executable, Path(inspect.getfile(splunklib)).parents[1]) == sorted(SDK_OPTIONS)


def test_every_option_of_each_sdk_in_the_app_is_decided(app: Path, python: str) -> None:
    brought = [found.parents[1] for found in app.rglob("splunklib/searchcommands")]
    assert brought
    for folder in brought:
        assert sdk_options(python, folder) == sorted(SDK_OPTIONS)


@pytest.mark.parametrize("option", SDK_OPTIONS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_takes_an_option_of_the_sdk_or_opens_what_it_names(
    name: str, option: str, watched: Bait, sandbox: SandboxServer
) -> None:
    tried = [(watched.lookup, value) for value in (watched.evaluates, watched.secret, "DEBUG")]
    if option == "logging_configuration":
        tried.append((watched.started, watched.evaluates))
    for lookup, value in tried:
        reported = refusal(run(lookup, name, f"{option}={value}"))
        ours = ", ".join(f"{own}=" for own in options_of(name))
        assert reported == (
            f"{name}: {option}= is not an option of this command. Options are written as name=value: {ours}"
        )
    assert watched.is_untouched()
    assert [path for path in watched.lookup.home.rglob("*") if path.is_file()] == []
    assert sandbox.all_requests == []


@pytest.mark.parametrize(
    "args",
    [
        ["hash=a", "hash=b"],
        ["hash=a", "hash=a"],
        ["hash=a", "prefix=x_", "prefix=y_"],
        ["hash=a", "HASH=a"],
        ["hash=a", " hash=a"],
        ["hash=a", "hash =a"],
        ["hash=a", '"hash"=a'],
        ["hash=a", "'hash'=a"],
        ["hash=a", "\uff48ash=a"],
        ["hash=a", "hash\u200b=a"],
        ["hash=a", "Record=t"],
        ["hash=a", "LOGGING_CONFIGURATION={evaluates}"],
        ["hash=a", " logging_configuration={evaluates}"],
        ["hash=a", '"logging_configuration={evaluates}"'],
        ["hash=a", '"logging_configuration"={evaluates}'],
        ["hash=a", "_logging_configuration={evaluates}"],
        ["hash=a", "logging_configuration"],
        ["hash=a", "logging_configuration =", "{evaluates}"],
        ["logging_configuration={evaluates}", "hash=a"],
        ["hash=a logging_configuration={evaluates}", "b"],
        ["hash=a", "options=x"],
        ["hash=a", "OPTIONS=x"],
        ["hash=a", "fieldnames=x"],
        ["hash=a", "__class__=x"],
        ["hash=a", "=x"],
        ["hash=a", "="],
        ["hash=a", ""],
        ["hash=a", "--logging_configuration={evaluates}"],
        ["hash=a", "{evaluates}"],
        ["hash=a", "\n"],
    ],
)
def test_repeated_options_and_what_only_looks_like_an_option_are_refused(args: list[str], watched: Bait) -> None:
    filled = [arg.replace("{evaluates}", str(watched.evaluates)) for arg in args]
    reported = refusal(watched.lookup(EVENTS, *filled))
    assert "hash=, url=, domain=" in reported or "is given twice" in reported
    assert watched.is_untouched()


def test_a_long_or_secret_value_is_not_shown_again(lookup: Lookup) -> None:
    reported = refusal(lookup(EVENTS, "hash=a", "api_key=not-to-be-shown"))
    assert "not-to-be-shown" not in reported
    assert len(refusal(lookup(EVENTS, "hash=a", "x" * 5000 + "=1"))) < 400
    assert len(refusal(lookup(EVENTS, "hash=a", "x" * 5000))) < 400


@pytest.mark.parametrize("name", COMMANDS)
def test_what_stands_elsewhere_in_what_splunkd_tells_is_no_option(name: str, watched: Bait) -> None:
    command = watched.lookup.command(name)
    evil = [f"logging_configuration={watched.evaluates}", "record=true"]
    info = SearchInfo(COMMANDS[name], name, dispatch_dir=str(command.home)).as_metadata()
    info["searchinfo"].update(raw_args=evil, options=evil, logging_configuration=str(watched.evaluates))
    info.update(args=evil, logging_configuration=str(watched.evaluates))
    with command.process() as process:
        reply = process.exchange(info)
        assert reply is not None
        assert reply.messages == []
        execute = {"action": "execute", "finished": True, "searchinfo": {"args": evil, "raw_args": evil}, "args": evil}
        body = f"a\n{EICAR_MD5}\n".encode() if name == "vtlookup" else b""
        assert process.exchange(execute, body) is not None
        assert (process.finish(), process.stderr) == (0, "")
    assert watched.is_untouched()
    assert list(command.home.glob("var/run/**/*")) == []


@pytest.mark.parametrize("args", ["hash=a", {"hash": "a"}, ["hash=a", 7], ["hash=a", None], [["hash=a"]], 1, None])
def test_options_of_another_form_are_not_understood(args: Any, lookup: Lookup) -> None:
    info = SearchInfo(["hash=a"], dispatch_dir=str(lookup.home)).as_metadata()
    info["searchinfo"]["args"] = args
    with lookup.process() as process:
        reply = process.exchange(info)
        assert reply is not None
        assert reply.messages == [
            ("ERROR", "vtlookup: invalid data from splunkd: args in searchinfo is not a list of strings")
        ]
        assert (process.finish(), process.stderr) == (1, "")


@pytest.mark.parametrize(
    "getinfo",
    [
        b"",
        b"chunked 1.0,2,0\n{}",
        b"chunked 1.0,2,0\n[]",
        b"chunked 1.0,20,0\n" + b"[" * 20,
        b'chunked 1.0,20,0\n{"action":"execute"}',
        b'chunked 1.0,20,0\n{"action":"getinfo"}',
        b'chunked 1.0,38,0\n{"action":"getinfo","searchinfo":"x"}  ',
        b'chunked 1.0,36,4\n{"action":"getinfo","searchinfo":{}}a\nb\n',
        b"logging_configuration=x\n\n",
    ],
)
@pytest.mark.parametrize("name", ["vtlookup", "vtquota"])
def test_a_search_with_wrong_options_is_refused_in_one_message(name: str, getinfo: bytes, lookup: Lookup) -> None:
    ran = lookup.command(name).run(getinfo)
    reply = read_frame(io.BytesIO(ran.stdout))
    assert reply is not None
    ((level, text),) = reply.messages
    assert (level, ran.returncode, ran.stderr) == ("ERROR", 1, b"")
    assert text.startswith(f"{name}: invalid data from splunkd: ")


@pytest.mark.parametrize("argument", SDK_ARGUMENTS)
@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_version_of_the_protocol_is_not_spoken(name: str, argument: str, watched: Bait) -> None:
    command = watched.lookup.command(name)
    header = f"infoPath:{watched.secret}\nsearch:x\n\na\n{EICAR_MD5}\n".encode()
    frame = encode_frame(SearchInfo(COMMANDS[name], name, dispatch_dir=str(command.home)).as_metadata())
    for given in (header, frame):
        ran = command.run(given, argument, *COMMANDS[name], f"logging_configuration={watched.evaluates}")
        assert (ran.returncode, ran.stdout) == (2, b"")
        assert ran.stderr.decode() == f"{name}: started with arguments; commands.conf needs chunked = true for it\n"
    assert watched.is_untouched()


@pytest.mark.parametrize("name", COMMANDS)
def test_no_file_in_the_apps_folders_configures_the_sdk(name: str, watched: Bait, own_app: Path) -> None:
    classes = {"vtlookup": "VtLookup", "vtreport": "VtReport", "vtquota": "VtQuota"}
    classes.update(vtcache="VtCache", vtdrain="VtDrain", vtcomment="VtComment", vtrelated="VtRelated")
    classes.update(vtbehaviour="VtBehaviour", vtsearch="VtSearch", vtstream="VtStream")
    placed = []
    for path in SDK_FILES:
        if path.endswith(".conf"):
            placed.append(own_app / path.format(command=classes[name]))
            placed[-1].parent.mkdir(exist_ok=True)
            placed[-1].write_text(logging_configuration(watched.marker), "utf-8")
    command = dataclasses.replace(watched.started, app=own_app)
    assert run(command, name).getinfo is not None
    assert watched.is_untouched()
    assert not watched.opened & {str(path) for path in placed}
    assert list(command.home.glob("var/run/**/*")) == []


def test_a_named_pipe_does_not_hold_a_search_up(lookup: Lookup, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for name in COMMANDS:
        refusal(run(lookup, name, f"logging_configuration={pipe}"))


def test_no_message_has_a_line_of_the_file(watched: Bait, own_app: Path) -> None:
    command = dataclasses.replace(watched.started, app=own_app)
    (command.app / "lookups").mkdir()
    shutil.copy(watched.secret, command.app / "lookups/uploaded.csv")
    for value in (watched.secret, "../lookups/uploaded.csv", command.app / "lookups/uploaded.csv"):
        assert SECRET not in repr(run(command, "vtlookup", f"logging_configuration={value}"))
    assert not any("uploaded" in path for path in watched.opened)


class _CommandInProcess:
    """A command in this process, for a search with `args`."""

    def __init__(self, args: Sequence[str], tmp_path: Path) -> None:
        self.command = VtQuota()
        self.out = io.BytesIO()
        path = tmp_path / "getinfo"
        path.write_bytes(encode_frame(SearchInfo(args, "vtquota", dispatch_dir=str(tmp_path)).as_metadata()))
        self._path = path

    def process(self) -> Mapping[str, Any]:
        with self._path.open("rb", buffering=0) as file, pytest.raises(SystemExit):
            self.command.process(["vtquota.py"], Input(file), self.out)
        reply = read_frame(io.BytesIO(self.out.getvalue()))
        assert reply is not None
        return reply.metadata


def test_an_option_of_a_later_sdk_is_refused_until_it_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    was_set: list[object] = []
    later = Option(fget=lambda self: None, fset=lambda self, value: was_set.append(value), name="later")
    monkeypatch.setattr(SearchCommand, "later", later, raising=False)
    monkeypatch.setattr(VtQuota, "option_definitions", [("later", later)])
    reported = _CommandInProcess(["later=x"], tmp_path).process()
    assert "later= is not an option of this command" in json.dumps(reported)
    assert was_set == []


def test_the_sdk_knows_no_option_that_it_could_set() -> None:
    command = VtQuota()
    assert list(command.options) == []
    assert command.options.get_missing() is None


def test_the_sdks_configuration_of_logging_opens_nothing(watched: Bait) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from vtlookup_app.libraries import put_first\n"
        "put_first()\n"
        "import vtlookup_app.sdk_import\n"
        "from splunklib.searchcommands import environment\n"
        "print(environment.configure_logging('x', sys.argv[2]))\n"
    )
    lookup = watched.started
    for path in (watched.evaluates, watched.secret):
        subprocess.run(
            [lookup.python, "-c", script, str(lookup.app / "bin"), str(path)],
            env=lookup.process_environment,
            timeout=30,
            check=True,
            capture_output=True,
        )
    assert watched.is_untouched()


def test_one_module_alone_imports_the_sdks_search_commands() -> None:
    importing = set()
    for path in BIN.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.startswith("splunklib.searchcommands") for name in names):
                importing.add(path.name)
    assert importing == {"sdk_import.py"}
