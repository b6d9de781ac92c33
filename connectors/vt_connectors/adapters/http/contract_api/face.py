"""The face of the action contract: request documents in, response documents out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Callable, NamedTuple
from urllib.parse import unquote

from .... import strict_json
from ....actions import ACTIONS
from ....contract.response import Response
from ....errors import Forbidden, InvalidRequest
from ..callers import Caller
from ..execution import Execution
from ..face import bearer_token
from ..messages import JSON, Call, Note, Refused, Reply, json_reply, note_of
from ..openapi.document import document as openapi_document
from ..rights import refusal
from ..share_registration import use_by_client
from ..token_text import refuse_tokens
from . import idempotency
from .batch import Batches
from .bodies import checked_body, json_value
from .listing import action_document, actions_document
from .lookup_query import document_of, in_words_of_the_query
from .outcome_status import retry_after, status_of
from .queries import HTTP_STATUS, only, query_of, status_is_wanted, switch
from .repeated_calls import LONGEST_BODY, RepeatedCalls

OPEN = "/openapi.json"
_ACTION = re.compile(r"/v1/actions/([^/]+)")


class _Found(NamedTuple):
    """The handlers of a path, by method. `name`: of the action in the path."""

    handlers: Mapping[str, Callable[[Call, Caller, str], Reply]]
    name: str = ""

    @property
    def allowed(self) -> str:
        """The methods, as the header `Allow` has them."""
        return ", ".join([*self.handlers, *(["HEAD"] if "GET" in self.handlers else [])])


class ContractFace:
    def __init__(self, execution: Execution, batches: Batches) -> None:
        self._execution = execution
        self._batches = batches
        self._repeated = RepeatedCalls(execution.cores)
        self._paths: Mapping[str, Mapping[str, Callable[[Call, Caller, str], Reply]]] = {
            "/v1/run": {"POST": self._run},
            "/v1/batch": {"POST": self._batch},
            "/v1/lookup": {"GET": self._look_up},
            "/v1/actions": {"GET": self._actions},
            "/v1/actions/{name}": {"GET": self._action, "POST": self._run_action},
            "/v1/quota": {"GET": self._quota},
            OPEN: {"GET": self._openapi},
        }

    def token_of(self, call: Call) -> str | None:
        return bearer_token(call)

    def is_open(self, call: Call) -> bool:
        return call.path == OPEN

    def answer(self, call: Call, caller: Caller) -> Reply:
        self._refuse_tokens(call)
        found = self._find(call.path)
        method = "GET" if call.method == "HEAD" else call.method
        if method not in found.handlers:
            allowed = found.allowed
            raise Refused(405, "method", f"{call.path[:100]} answers {allowed} only", (("Allow", allowed),))
        return found.handlers[method](call, caller, found.name)

    def at_once(self, call: Call, caller: Caller) -> Reply | None:
        """See `QuickFace`: the reply to a call that is repeated."""
        if call.method == "HEAD" or call.length > LONGEST_BODY:
            return None
        return self._repeated.reply(call, caller, checked_body(call, (JSON,)) if call.method == "POST" else b"")

    def refuse(self, refused: Refused) -> Reply:
        document = {"error": {"code": refused.reason, "message": refused.message}}
        return json_reply(refused.status, document, (*refused.headers, *self._allow(refused)))

    def _allow(self, refused: Refused) -> tuple[tuple[str, str], ...]:
        if refused.status != 405 or not refused.path:
            return ()
        try:
            return (("Allow", self._find(refused.path).allowed),)
        except Refused:
            return (("Allow", ""),)

    def _refuse_tokens(self, call: Call) -> None:
        """Raises `Refused` for a token in the path, or in a name or value of the query."""
        told = [unquote(call.path), *query_of(call)] if call.query else unquote(call.path)
        refuse_tokens(told, self.token_of(call) or "")

    def _find(self, path: str) -> _Found:
        named = _ACTION.fullmatch(path)
        if named is not None and named[1] in ACTIONS:
            return _Found(self._paths["/v1/actions/{name}"], named[1])
        if named is not None:
            raise Refused(404, "action", "there is no such action; GET /v1/actions lists all")
        if path not in self._paths or "{" in path:
            raise Refused(404, "path", "there is nothing at this path; /openapi.json lists all")
        return _Found(self._paths[path])

    def _run(self, call: Call, caller: Caller, name: str) -> Reply:
        wants_status, body = status_is_wanted(call), checked_body(call, (JSON,))
        return self._answered(call, caller, json_value(body), wants_status, body)

    def _run_action(self, call: Call, caller: Caller, name: str) -> Reply:
        wants_status, body = status_is_wanted(call), checked_body(call, (JSON,))
        given = json_value(body)
        if not isinstance(given, dict):
            raise Refused(400, "not_an_object", 'the body is not an object such as {"params": {}}')
        if given.get("action", name) != name:
            raise Refused(400, "action", "the body names another action than the path")
        return self._answered(call, caller, {"params": {}, **given, "action": name}, wants_status, body)

    def _answered(self, call: Call, caller: Caller, document: Any, wants_status: bool, body: bytes = b"") -> Reply:
        refuse_tokens(document)
        response, headers = idempotency.answer(self._execution, call, caller, document)
        error = response["error"]
        if error is not None and isinstance(refusal(document, caller), Forbidden):
            # The server itself refuses it: the token lacks the right, or nobody may do it over HTTP.
            status = 403 if wants_status or "right" in error["details"] else 200
            return json_reply(status, response, note=note_of(response, document=document))
        if call.method != "POST":
            response = in_words_of_the_query(response)
        reply = _reply(response, wants_status, headers, document)
        self._repeated.remember(call, caller, body, document, response, reply)
        return reply

    def _batch(self, call: Call, caller: Caller, name: str) -> Reply:
        only(call, ())
        return self._batches.reply(call, caller)

    def _look_up(self, call: Call, caller: Caller, name: str) -> Reply:
        wants_status = status_is_wanted(call, None)
        try:
            document = document_of((name, value) for name, value in query_of(call) if name != HTTP_STATUS)
        except InvalidRequest as error:
            asked = {"action": "lookup", "params": dict(query_of(call))}
            with self._execution.cores.core() as core:
                return _reply(core.refuse({"action": "lookup"}, error), wants_status, document=asked)
        return self._answered(call, caller, document, wants_status)

    def _quota(self, call: Call, caller: Caller, name: str) -> Reply:
        """Our own record with the caller's use; with `account=1` VirusTotal's figures too.

        The right `metrics` shows the use of all clients.
        """
        wants_status = status_is_wanted(call, ("account",))
        options = {} if switch(call, "account") else {"cache": "only"}
        response = self._execution.answer({"action": "quota", "params": {}, "options": options}, caller)
        if response["data"] is not None:
            response["data"]["clients"] = self._use_of(caller)
        return _reply(response, wants_status)

    def _use_of(self, caller: Caller) -> dict[str, Any]:
        with self._execution.cores.core() as core:
            return {
                name: use
                for name, use in use_by_client(core).items()
                if name == caller.name or "metrics" in caller.rights
            }

    def _actions(self, call: Call, caller: Caller, name: str) -> Reply:
        only(call, ())
        return json_reply(200, actions_document(), note=Note("describe"))

    def _action(self, call: Call, caller: Caller, name: str) -> Reply:
        only(call, ())
        return json_reply(200, action_document(name), note=Note("describe"))

    def _openapi(self, call: Call, caller: Caller, name: str) -> Reply:
        only(call, ())
        return Reply(200, _openapi_bytes(), note=Note("openapi"))


@cache
def _openapi_bytes() -> bytes:
    """Made once, because anybody may ask for it."""
    return strict_json.dumps(openapi_document()).encode("ascii")


def _reply(
    response: Response, wants_status: bool, headers: tuple[tuple[str, str], ...] = (), document: Any = None
) -> Reply:
    applied = (("Preference-Applied", "status"),) if wants_status else ()
    status = status_of(response) if wants_status else 200
    return json_reply(
        status, response, (*retry_after(response), *applied, *headers), note_of(response, document=document)
    )
