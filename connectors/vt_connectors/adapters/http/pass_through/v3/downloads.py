"""The content of a file through API v3, if the server was started so: such files are malware."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from .....actions.passed_download import PassedDownload
from .....contract.documents import Request
from ...callers import Caller
from ...execution import Execution
from ...messages import Call, Refused, Reply
from ...rights import HOW_TO_DOWNLOAD
from ..reply_headers import headers_of
from ..request_options import options_of
from .paths import Target
from .replies import note_on, unsuccessful

_IN_MEMORY_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024


def download_reply(execution: Execution, call: Call, caller: Caller, target: Target, most: int) -> Reply:
    """The reply to `files/ID/download`, with at most `most` bytes; 0 refuses all downloads. Other calls that lead to
    files are refused: their answers are not checked against a hash, or can be used without a token. Raises `Refused`.
    """
    is_content = len(target.segments) == 3 and target.segments[0] == "files" and target.segments[2] == "download"
    if not is_content:
        raise Refused(403, "download", f"this server does not pass on what this call leads to; {HOW_TO_DOWNLOAD}")
    if most == 0 or call.method != "GET":
        raise Refused(403, "download", f"this server passes on no files: {HOW_TO_DOWNLOAD}")
    content = cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))  # noqa: SIM115  # closed after sending
    response = execution.perform(
        PassedDownload(content, most),
        Request("download_file", {"hash": target.segments[1]}),
        caller,
        version="3",
        longest_wait_s=options_of(call).wait_s,
    )
    note = note_on(response, call, target)
    if response["status"] != "ok":
        content.close()
        return unsuccessful(response, target, note)
    size = (response["data"] or {})["size"]
    headers = (("Content-Length", str(size)), ("Content-Disposition", "attachment"), *headers_of(response))
    return Reply(200, _pieces(content), headers, "application/octet-stream", note)


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    with content:
        content.seek(0)
        yield from iter(lambda: content.read(_PIECE_BYTES), b"")
