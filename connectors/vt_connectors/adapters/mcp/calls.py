"""Answers the calls of tools: arguments in, the result of a tool out. Knows no SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...clock import Clock
from ...contract.documents import refusal
from ...contract.next_steps import next_steps
from ...core import Core
from ...errors import ConnectorError, Forbidden, InvalidRequest, TooLarge
from ...quota.waiters import Claim
from ..server.bounded_time import SideBySide, within
from ..server.documents import MOST_BYTES, is_nested_deeper
from .tools import Tool

if TYPE_CHECKING:
    from ...contract.response import Response

CALLS_AT_ONCE = 8
# Larger ones fill a model's context.
LARGEST_ANSWER_BYTES = 1024 * 1024
# A file in `content_base64` may have 32 MB, like an upload to VirusTotal; its text is a third longer.
_LARGEST_FILE_BYTES = 44 * 1024 * 1024
_CLAIM = Claim("mcp")


class Limits(NamedTuple):
    """Seconds. `wait_s`: for quota; `call_s`: for a whole call."""

    wait_s: float = 30.0
    call_s: float = 60.0


class Result(NamedTuple):
    """`text`: for models without structured content. `content`: the structured content."""

    text: str
    content: Mapping[str, Any]
    is_error: bool


class Calls:
    """Safe for several threads."""

    def __init__(self, core: Core, tools: Mapping[str, Tool], clock: Clock, limits: Limits) -> None:
        self._core = core
        self._tools = tools
        self._limits = limits
        self._side_by_side = SideBySide(clock, CALLS_AT_ONCE)

    def answer(self, name: str, arguments: Mapping[str, Any]) -> Result:
        """The result of a call. Never raises."""
        document = {"action": name, "params": dict(arguments)}
        error = self._refusal(name, arguments)
        if error is not None:
            return _result(refusal(document, error))

        def answer(request: Any, wait_s: float) -> Response:
            return self._core.answer(within(request, wait_s), _CLAIM)

        [response] = self._side_by_side.answers([document], answer, self._limits.wait_s, self._limits.call_s)
        result = _result(response)
        if len(result.text) > LARGEST_ANSWER_BYTES:
            error = TooLarge("the answer is larger than 1 MiB; ask for less, for example with a smaller limit")
            return _result(refusal(document, error))
        self._core.delivered(response)
        return result

    def _refusal(self, name: str, arguments: Mapping[str, Any]) -> ConnectorError | None:
        tool = self._tools.get(name)
        if tool is None:
            return Forbidden(
                f"there is no tool {name[:80]!r} here; tools that write need vtaction mcp --allow, and download_file "
                "also --files"
            )
        hidden = sorted(set(arguments) - tool.params)
        if hidden:
            path = f"/params/{hidden[0][:80]}"
            return InvalidRequest(f"{name} has no parameter {hidden[0][:80]!r} here", details={"path": path})
        most = _LARGEST_FILE_BYTES if "content_base64" in tool.params else MOST_BYTES
        if is_nested_deeper(dict(arguments)) or len(json.dumps(arguments)) > most:
            return TooLarge(f"the arguments are larger than {most} bytes, or nested too deep")
        return None


def _result(response: Response) -> Result:
    error = response["error"]
    if error is not None:
        _, content = _in_utf8({"error": error_object(error)})
        told = content["error"]
        return Result(f"{told['code']}: {told['message']}", content, is_error=True)
    content = {
        "status": response["status"],
        "summary": response["summary"],
        "data": response["data"],
        "source": response["meta"]["source"],
        "age_s": response["meta"]["age_s"],
    }
    return Result(*_in_utf8(content), is_error=False)


def _in_utf8(content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The content as JSON, and itself. VirusTotal's JSON may have half a surrogate pair in a text, which no UTF-8 has:
    the SDK would end at it, and with it the server.
    """
    text = json.dumps(content, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
        content = json.loads(text)
    return text, content


def error_object(error: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's error with what a model can do next, under the names of VirusTotal's own MCP server.

    `quota_source`: `actor` if our own limit refused the call, `upstream` if VirusTotal did.
    """
    found = {name: error[name] for name in ("code", "message", "retryable", "retry_after_s", "details")}
    found["next_steps"] = list(next_steps(error))
    if error["code"] == "rate_limited":
        source = error["details"].get("source")
        found["quota_source"] = {"local": "actor", "upstream": "upstream"}.get(source, "unknown")
    return found
