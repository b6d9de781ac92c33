"""The commands of this package that platforms start: `vtaction enrich` and `vtaction mcp`, as real processes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

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


def by_mcp(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts that an MCP client gets, with a call for each value."""
    import anyio
    import mcp

    command, *rest = RunnerProcess(setting.environment).command("mcp")
    parameters = mcp.StdioServerParameters(command=command, args=rest, env=setting.environment)

    async def session() -> dict[str, str]:
        async with mcp.Client(parameters) as client:
            await client.list_tools()
            setting.begin()
            found: dict[str, Any] = {}
            for kind, value in values:
                result = await client.call_tool("lookup", {"value": value, "type": kind})
                found[value] = (result.structured_content or {})["data"]["verdict"]
            return found

    verdicts: dict[str, str] = anyio.run(session)
    return verdicts
