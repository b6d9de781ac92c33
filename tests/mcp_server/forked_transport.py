"""`vtaction mcp` without the start of Python and the import of the SDK: a transport of the official client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import mcp_types
from mcp.shared.message import SessionMessage

from tests.vtaction_process import RunnerProcess

_END_S = 10.0


@contextlib.asynccontextmanager
async def forked(run: RunnerProcess, *arguments: str) -> AsyncIterator[tuple[Any, Any]]:
    """Messages as lines over the pipes of a process, which has to end once its stdin is closed."""
    with Path("/dev/null").open("wb") as nowhere:
        process = run.fork("mcp", *arguments, stderr=nowhere)
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout
    to_client, for_client = anyio.create_memory_object_stream[Any](0)
    from_client, for_server = anyio.create_memory_object_stream[SessionMessage](0)

    async def read() -> None:
        async with to_client:
            while line := await anyio.to_thread.run_sync(stdout.readline):
                with contextlib.suppress(anyio.BrokenResourceError):  # the client is gone
                    message = mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False)
                    await to_client.send(SessionMessage(message))

    async def write() -> None:
        async with for_server:
            async for each in for_server:
                line = each.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
                await anyio.to_thread.run_sync(_written, stdin, line)
        stdin.close()

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(write)
            async with for_client, from_client:
                yield for_client, from_client
        assert await anyio.to_thread.run_sync(process.wait, _END_S) == 0
    finally:
        process.kill()
        process.wait()
        stdout.close()


def _written(stdin: Any, line: bytes) -> None:
    stdin.write(line)
    stdin.flush()
