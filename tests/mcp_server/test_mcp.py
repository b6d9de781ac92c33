"""`vtaction mcp` as a real process, called by the official client over stdio."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
import threading
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Callable, TypeVar

import jsonschema
import pytest

from tests.scripted_server import ScriptedServer, json_answer
from tests.vtaction_process import EICAR, RunnerProcess, vtaction_process
from vt_connectors.actions import ACTIONS
from vt_connectors.sandbox import Quota, SandboxServer

if sys.version_info < (3, 10):
    pytest.skip("the MCP SDK needs Python 3.10", allow_module_level=True)
if importlib.util.find_spec("mcp") is None:
    pytest.skip("the MCP SDK is missing: pip install mcp", allow_module_level=True)
# It is imported in functions, which takes half a second: every worker collects this module, and one runs its tests.

_Result = TypeVar("_Result")
_MOST_S = 90.0
UNKNOWN = "0" * 64


def with_client(
    run: RunnerProcess, work: Callable[[Any], Awaitable[_Result]], *arguments: str, is_started: bool = False
) -> _Result:
    """The result of `work(client)`, with a client of a server of its own.

    The server is forked, because the import of the SDK takes longer than a whole test. `is_started`: the client starts
    it as a host program does.
    """
    import anyio
    import mcp

    from .forked_transport import forked

    async def session() -> _Result:
        command, *rest = run.command("mcp", *arguments)
        started = mcp.StdioServerParameters(command=command, args=rest, env=run.environment)
        with anyio.fail_after(_MOST_S):
            async with mcp.Client(started if is_started else forked(run, *arguments)) as client:
                return await work(client)

    result: _Result = anyio.run(session)
    return result


def listed(run: RunnerProcess, *arguments: str) -> dict[str, Any]:
    async def tools(client: Any) -> Any:
        return (await client.list_tools()).tools

    return {tool.name: tool for tool in with_client(run, tools, *arguments)}


def called(run: RunnerProcess, name: str, arguments: dict[str, Any], *options: str) -> Any:
    async def call(client: Any) -> Any:
        await client.list_tools()
        return await client.call_tool(name, arguments)

    return with_client(run, call, *options)


def test_the_tools_of_a_plain_server_only_read(run: RunnerProcess) -> None:
    tools = listed(run)
    assert {name for name in tools if ACTIONS[name].writes} == set()
    assert {"lookup", "lookup_hash", "lookup_url", "get_comments", "quota"} <= set(tools)
    assert not {"vt_get", "download_file", "ioc_stream"} & set(tools)
    for tool in tools.values():
        hints = tool.annotations
        assert (hints.read_only_hint, hints.idempotent_hint, hints.destructive_hint) == (True, True, False)
        assert hints.open_world_hint
        assert tool.title
        assert tool.description
    assert "scan_if_missing" not in tools["lookup_url"].input_schema["properties"]
    assert "private" not in tools["get_analysis"].input_schema["properties"]


def test_schemas_are_those_of_the_registry_and_valid(run: RunnerProcess) -> None:
    for name, tool in listed(run, "--allow", "submit,comment,raw").items():
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert set(tool.input_schema["properties"]) <= set(ACTIONS[name].params_schema["properties"])


def test_tools_that_write_are_listed_if_they_are_allowed(run: RunnerProcess, tmp_path: Path) -> None:
    tools = listed(run, "--allow", "submit,comment")
    assert {"scan_url", "rescan", "scan_file", "add_comment", "add_vote", "delete_comment"} <= set(tools)
    for name in ("scan_url", "add_comment", "delete_comment"):
        hints = tools[name].annotations
        assert (hints.read_only_hint, hints.idempotent_hint) == (False, False)
        assert hints.destructive_hint == (name == "delete_comment")
    assert "path" not in tools["scan_file"].input_schema["properties"]
    assert "download_file" not in tools
    with_folder = listed(run, "--allow", "submit,raw", "--files", str(tmp_path))
    assert "path" in with_folder["scan_file"].input_schema["properties"]
    assert with_folder["download_file"].annotations.destructive_hint


def test_a_lookup_is_answered_with_structured_content_that_fits_its_schema(
    run: RunnerProcess, sandbox: SandboxServer
) -> None:
    async def both(client: Any) -> Any:
        [tool] = [tool for tool in (await client.list_tools()).tools if tool.name == "lookup_hash"]
        return tool, [await client.call_tool("lookup_hash", {"hash": EICAR}) for _ in range(2)]

    tool, answers = with_client(run, both, is_started=True)
    for answer in answers:
        assert not answer.is_error
        jsonschema.validate(answer.structured_content, tool.output_schema)
        assert json.loads(answer.content[0].text) == answer.structured_content
        assert answer.structured_content["data"]["verdict"] == "malicious"
    assert [answer.structured_content["source"] for answer in answers] == ["api", "cache"]
    assert len(sandbox.requests) == 1


def test_not_found_is_no_error(run: RunnerProcess) -> None:
    answer = called(run, "lookup_hash", {"hash": UNKNOWN})
    assert (answer.is_error, answer.structured_content["status"]) == (False, "not_found")


def test_an_error_says_what_to_do_next(run: RunnerProcess) -> None:
    run.environment["VT_QUOTA"] = "1/month"
    run("", arguments=("lookup_ip", "8.8.8.8"))
    answer = called(run, "lookup_hash", {"hash": EICAR}, "--max-wait", "0")
    error = answer.structured_content["error"]
    assert answer.is_error
    assert (error["code"], error["retryable"], error["quota_source"]) == ("rate_limited", True, "actor")
    assert error["next_steps"]
    assert answer.content[0].text.startswith("rate_limited: ")


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("lookup_hash", {"hash": "no hash"}, "invalid_indicator"),
        ("lookup_hash", {}, "invalid_request"),
        ("lookup_hash", {"hash": EICAR, "more": 1}, "invalid_request"),
        ("lookup_url", {"url": "http://example.com/", "scan_if_missing": True}, "invalid_request"),
        ("lookup", {"value": "x" * 1_100_000}, "too_large"),
        ("scan_url", {"url": "http://example.com/"}, "forbidden"),
        ("no_such_tool", {}, "forbidden"),
    ],
)
def test_what_is_wrong_or_not_allowed_is_an_error_and_costs_nothing(
    run: RunnerProcess, sandbox: SandboxServer, name: str, arguments: dict[str, Any], code: str
) -> None:
    answer = called(run, name, arguments)
    assert (answer.is_error, answer.structured_content["error"]["code"]) == (True, code)
    assert sandbox.requests == []


def test_a_text_that_utf_8_cannot_express_ends_no_server(run: RunnerProcess) -> None:
    digest = "1" * 64
    attributes = {
        "sha256": digest,
        "names": ["a\ud800b.exe"],
        "tags": ["\udfff"],
        "last_analysis_stats": {"malicious": 3},
    }
    found = {"data": {"type": "file", "id": digest, "attributes": attributes}}
    refused = {"error": {"code": "BadRequestError", "message": "half \ud800"}}

    async def calls(client: Any) -> Any:
        await client.list_tools()
        return [await client.call_tool("lookup_hash", {"hash": each * 64}) for each in "121"]

    with ScriptedServer() as server:
        server.script(json_answer(200, found), json_answer(400, refused))
        environment = {**run.environment, "VT_API_URL": server.url}
        first, second, again = with_client(RunnerProcess(environment), calls)
    for each in (first, again):
        assert each.structured_content["data"]["names"] == ["a?b.exe"]
        assert json.loads(each.content[0].text) == each.structured_content
    assert second.is_error


def test_only_files_of_the_folder_are_sent(run: RunnerProcess, sandbox: SandboxServer, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "inside").write_text("inside")
    (tmp_path / "outside").write_text("outside")
    options = ("--allow", "submit", "--files", str(folder))
    outside = called(run, "scan_file", {"path": str(tmp_path / "outside")}, *options)
    assert outside.structured_content["error"]["code"] == "invalid_request"
    assert sandbox.requests == []
    inside = called(run, "scan_file", {"path": str(folder / "inside")}, *options)
    assert inside.structured_content["status"] in ("ok", "pending")
    without = called(run, "scan_file", {"path": str(folder / "inside")}, "--allow", "submit")
    assert without.structured_content["error"]["code"] == "invalid_request"


def test_a_call_that_takes_too_long_is_an_error_and_the_server_goes_on(tmp_path: Path) -> None:
    import anyio

    over = threading.Event()

    def stay(_: float) -> None:
        over.wait()

    async def calls(client: Any) -> Any:
        with anyio.move_on_after(1) as cancelled:
            await client.call_tool("lookup_hash", {"hash": UNKNOWN})
        slow = await client.call_tool("lookup_hash", {"hash": EICAR})
        return cancelled.cancelled_caught, slow, await client.call_tool("lookup_ip", {"ip": "10.0.0.1"})

    with SandboxServer(Quota.unlimited(), latency_s=1, sleep=stay) as silent:
        try:
            run = vtaction_process(silent, tmp_path)
            was_cancelled, slow, skipped = with_client(run, calls, "--time-limit", "3s", is_started=True)
        finally:
            over.set()
    assert was_cancelled
    assert slow.structured_content["error"]["code"] == "timeout"
    assert skipped.structured_content["status"] == "skipped"


def test_sigterm_ends_it_although_stdin_stays_open(run: RunnerProcess) -> None:
    with run.start("mcp") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "vtaction"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(_MOST_S) == 0
        assert time.monotonic() - began < _MOST_S
        assert process.stdout.read() == b""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--allow", "write"), "'write' is not one of submit, comment, raw"),
        (("--files", "/no/such/folder"), "is not a folder"),
    ],
)
def test_wrong_usage_is_told(run: RunnerProcess, arguments: tuple[str, ...], told: str) -> None:
    done = run.text("mcp", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.parametrize("name", ["a:{}", "a$HOME", "a "])
def test_only_the_named_folder_is_opened(run: RunnerProcess, tmp_path: Path, name: str) -> None:
    other = tmp_path / "other"
    folder = Path(f"{tmp_path}/{name.format(other)}")
    folder.mkdir(parents=True)
    (tmp_path / "a").mkdir(exist_ok=True)
    other.mkdir(exist_ok=True)
    done = run.text("mcp", "--files", f"{folder}/")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--files" in done.stderr


def test_wrong_settings_are_told(run: RunnerProcess) -> None:
    done = run.text("mcp", VT_QUOTA="lots")
    assert (done.returncode, done.stdout) == (2, "")
    assert "VT_QUOTA" in done.stderr
