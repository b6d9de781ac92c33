"""The content of a file of VirusTotal's collection, for a server that passes it on without saving it."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO

from ..contract.documents import Outcome, Request
from ..errors import Forbidden, InvalidResponse
from ..indicators import parse_as
from ..virustotal.budget import Budget
from ..virustotal.http.transport import Download
from ..virustotal.licences import naming_licence
from .context import Context
from .lookup import skipped

_NAME_OF_HASH = {32: "md5", 40: "sha1", 64: "sha256"}


class PassedDownload:
    """The action that writes the file with the hash `params["hash"]` to `content`, at most `most` bytes.

    `ok` with its `size`, after its hash was checked; `not_found` if VirusTotal does not have the content. It counts as
    a download, also if it fails, so it is never repeated. Raises `ConnectorError`, such as `TooLarge`.
    """

    def __init__(self, content: BinaryIO, most: int) -> None:
        self._content = content
        self._most = most
        self._size = 0

    def __call__(self, context: Context, request: Request, budget: Budget) -> Outcome:
        file = parse_as("hash", request.params["hash"])
        if request.options.cache == "only":
            return skipped(file, "not_cached")
        context.guard.read_key()
        context.guard.refuse(request.action, request.params, request.api_key)
        measure: Any = None

        def begin(_: int | None) -> None:
            nonlocal measure
            self._content.seek(0)
            self._content.truncate()
            # VirusTotal identifies files by these hashes; their strength does not matter here.
            measure, self._size = hashlib.new(_NAME_OF_HASH[len(file.value)], usedforsecurity=False), 0

        def write(piece: bytes) -> None:
            context.clock.sleep(0)  # raises if the process is to end
            self._content.write(piece)
            measure.update(piece)
            self._size += len(piece)

        account = context.account(request.api_key)
        permit = account.permit(request.action, f"download:{file.value}", budget)
        try:
            found = account.ask(
                permit, lambda api: api.download(file, Download(self._most, begin, write), budget), budget
            )
        except Forbidden as error:
            raise naming_licence(error, "premium") from None
        finally:
            permit.leave()
        about = {"type": "hash", "indicator": file.value}
        now = context.clock.now()
        if not found:
            return Outcome("not_found", "not found: VirusTotal does not have the content", about, "api", now)
        if measure is None or measure.hexdigest() != file.value:
            raise InvalidResponse("the downloaded content is not this file; it counts as a download", retryable=False)
        return Outcome("ok", f"downloaded {self._size} bytes", {**about, "size": self._size}, "api", now)
