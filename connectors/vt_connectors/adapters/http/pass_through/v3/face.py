"""The face of VirusTotal's API v3: clients of VirusTotal use this server in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .....actions.forward import Forward, Write
from .....clock import Clock
from .....contract.documents import Request
from .....contract.response import Response
from ...callers import Caller
from ...execution import Execution
from ...face import bearer_token
from ...messages import Call, Refused, Reply, json_reply
from ...rights import check_right
from ...token_text import refuse_tokens
from ..links import own_base, with_own_links
from ..reply_headers import VIA, headers_of
from ..request_options import HttpOptions, options_of
from ..upload_names import UploadNames
from .bodies import body_of, file_in
from .errors import refusal_reply
from .paths import UPLOADS, Target, UploadAddress, refuse_write_to_account, right_of, target_of
from .reading import VERSION, Reading
from .replies import note_on, unsuccessful


class V3Face:
    """Answers calls below `/api/v3/`, and uploads to addresses that it gave out."""

    def __init__(
        self, execution: Execution, clock: Clock, *, is_behind_proxy: bool = False, download_bytes: int = 0
    ) -> None:
        """`download_bytes`: the largest file that is passed on; 0: none."""
        self._execution = execution
        self._uploads = UploadNames[UploadAddress](clock)
        self._is_behind_proxy = is_behind_proxy
        self._download_bytes = download_bytes

    def token_of(self, call: Call) -> str | None:
        return bearer_token(call)

    def is_open(self, call: Call) -> bool:
        return False

    def refuse(self, refused: Refused) -> Reply:
        return refusal_reply(refused).with_headers(VIA)

    def answer(self, call: Call, caller: Caller) -> Reply:
        reply = self._answered(call, caller)
        if caller.api_key is not None and reply.note.outcome == "access_denied":
            wrong = Refused(401, "access_denied", "VirusTotal does not accept the key")
            reply = refusal_reply(wrong)._replace(note=reply.note)
        return reply.with_headers(VIA)

    def _answered(self, call: Call, caller: Caller) -> Reply:
        token = self.token_of(call) or ""
        if call.path.startswith(UPLOADS):
            return self._upload(call, caller, token)
        target = target_of(call, token)
        check_right(caller, right_of(call.method, target.segments), f"{call.method} {target.template}")
        if call.method in ("GET", "HEAD"):
            base, uploads = self._base(call), self._uploads
            return Reading(self._execution, call, caller, target, base, uploads, self._download_bytes).reply()
        refuse_write_to_account(call.method, target.segments)
        body = body_of(call)
        refuse_tokens(body.told, token)
        if call.method == "POST" and target.is_upload:
            file_in(body)
        write = Write(call.method, target.path, target.values, body.content, body.fields, body.file)  # type: ignore[arg-type]
        response, submitted = self._send(write, caller, options_of(call))
        return _reply_to_write(response, call, target, self._base(call), submitted)

    def _upload(self, call: Call, caller: Caller, token: str) -> Reply:
        """An upload to an address of `files/upload_url`."""
        check_right(caller, "submit", "an upload")
        if call.method != "POST":
            raise Refused(405, "method", "send the file with POST", (("Allow", "POST"),))
        name = call.path[len(UPLOADS) :]
        body = body_of(call)
        refuse_tokens(body.told, token)
        file = file_in(body)
        taken = self._uploads.take(caller.client, name)
        if taken is None:
            raise Refused(404, "upload_address", "this address for an upload is not known, was used, or has expired")
        known = taken.kept
        segments = ["private", "files"] if known.is_private else ["files"]
        target = Target(segments, {})
        write = Write("POST", target.path, fields=body.fields, file=file, address=known.address)
        response, submitted = self._send(write, caller, options_of(call))
        if response["error"] is not None and response["error"]["code"] == "rate_limited":
            self._uploads.put_back(name, taken)
        return _reply_to_write(response, call, target, self._base(call), submitted)

    def _send(self, write: Write, caller: Caller, options: HttpOptions) -> tuple[Response, str | None]:
        """The response, and what was submitted."""
        forward, request = Forward(write), Request("forward", write.params)
        wait_s = options.wait_s
        response = self._execution.perform(forward, request, caller, version=VERSION, longest_wait_s=wait_s)
        return response, forward.submitted

    def _base(self, call: Call) -> str:
        return own_base(call, is_behind_proxy=self._is_behind_proxy)


def _reply_to_write(response: Response, call: Call, target: Target, base: str, submitted: str | None) -> Reply:
    note = note_on(response, call, target, submitted)
    if response["status"] != "ok":
        return unsuccessful(response, target, note)
    answered: Mapping[str, Any] = (response["data"] or {})["response"]
    if not answered:
        return Reply(200, b"", headers_of(response), note=note)
    return json_reply(200, with_own_links(answered, base), headers_of(response), note)
