"""The commands of this package that platforms start: `vtaction enrich` and `vtaction mcp`, as real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.vtaction_process import RunnerProcess

from .setting import Setting


def by_enrich(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts that a stream of events with these values gets."""
    events = [{"value": value} for _, value in values]
    setting.begin()
    ran = RunnerProcess(setting.environment)(*events, arguments=("enrich", "--field", "value", "--max-wait", "60s"))
    return {event["value"]: event["vt_verdict"] for event in ran.lines}


def mcp_available() -> None:
    """Skips the test without the SDK."""
    if sys.version_info < (3, 10):
        pytest.skip("the MCP SDK needs Python 3.10")
    pytest.importorskip("mcp", reason="the MCP SDK is missing: pip install mcp")


# A process of its own, because pytest parses what it imports, which threads must not do together.
_MCP_CLIENT = """
import anyio, json, mcp, sys

async def session(command, environment, values):
    parameters = mcp.StdioServerParameters(command=command[0], args=command[1:], env=environment)
    async with mcp.Client(parameters) as client:
        await client.list_tools()
        print("ready", flush=True)
        sys.stdin.readline()
        found = {}
        for kind, value in values:
            result = await client.call_tool("lookup", {"value": value, "type": kind})
            found[value] = result.structured_content["data"]["verdict"]
        print(json.dumps(found), flush=True)

anyio.run(session, *json.loads(sys.stdin.readline()))
"""


def by_mcp(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts that an MCP client gets, with a call for each value."""
    server = RunnerProcess(setting.environment).command("mcp")
    command, pipe = [sys.executable, "-c", _MCP_CLIENT], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=setting.environment) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(json.dumps([server, setting.environment, values]) + "\n")
        client.stdin.flush()
        assert client.stdout.readline() == "ready\n"
        setting.begin()
        client.stdin.write("\n")
        client.stdin.flush()
        verdicts: dict[str, str] = json.loads(client.stdout.readline())
    return verdicts
