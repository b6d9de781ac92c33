"""The face of the action contract: request documents in, response documents out."""

from __future__ import annotations

from typing import Any

from .... import strict_json
from ..callers import Caller
from ..execution import Execution
from ..face import bearer_token
from ..messages import Call, Refused, Reply, json_reply, note_of

MOST_BYTES = 1024 * 1024


class ContractFace:
    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def token_of(self, call: Call) -> str | None:
        return bearer_token(call)

    def is_open(self, call: Call) -> bool:
        return False

    def answer(self, call: Call, caller: Caller) -> Reply:
        if call.path != "/v1/run":
            raise Refused(404, "path", f"there is nothing at {call.path}")
        if call.method != "POST":
            raise Refused(405, "method", "send a request document with POST", (("Allow", "POST"),))
        response = self._execution.answer(_document(call), caller)
        return json_reply(200, response, note=note_of(response))

    def refuse(self, refused: Refused) -> Reply:
        document = {"error": {"code": refused.reason, "message": refused.message}}
        return json_reply(refused.status, document, refused.headers)


def _document(call: Call) -> Any:
    try:
        return strict_json.loads(call.body.read(MOST_BYTES).decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(400, "not_json", "the body is not JSON") from None
