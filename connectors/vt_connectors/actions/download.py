"""Downloading a file from VirusTotal's collection: checked against its hash, and complete or not there.

A download counts against a quota of its own (`intelligence_downloads_monthly`), also if it fails after VirusTotal's
answer. So it is never answered from a cache, and never repeated automatically.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

from ..cache import any_entry
from ..contract.documents import Outcome, Request
from ..errors import Forbidden, InvalidRequest, InvalidResponse, TooLarge
from ..indicators import Indicator, parse_as
from ..virustotal.downloads import may_have_counted
from ..virustotal.http.transport import Download
from ..virustotal.licences import naming_licence
from .file_content import refused
from .file_place import Place, opened_place
from .lookup import skipped
from .read_through import report_key
from .writes import known_sha256
from .zip_archive import ZipArchive, library

if TYPE_CHECKING:
    from ..virustotal.budget import Budget
    from .context import Context

# The largest file that VirusTotal takes (https://docs.virustotal.com/reference/files-upload-url).
LARGEST_BYTES = 650 * 1024 * 1024
_HASHES = ("md5", "sha1", "sha256")
_NAME_OF_HASH = {32: "md5", 40: "sha1", 64: "sha256"}
_ZIP = ".zip"


def download_file(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with the `path` of the created file, whose content has the requested hash; `not_found` if VirusTotal does
    not have the content.

    Raises `InvalidRequest` for a path where nothing may be created, `TooLarge`, and `Forbidden` without the licence.
    """
    params, file = request.params, parse_as("hash", request.params["hash"])
    if request.options.cache == "only":
        return skipped(file, "not_cached")
    password, most = _password(params.get("zip_password")), int(params.get("max_bytes", LARGEST_BYTES))
    _check_known_size(file, most, context)
    with opened_place(params["path"], context.file_access, overwrite=bool(params.get("overwrite"))) as place:
        known = known_sha256(file, context)
        if place.name is None and known is not None:
            place.name = _name(known, password)
            place.check()
        context.guard.read_key()
        context.guard.refuse(request.action, params, request.api_key)
        with place.claimed(place.name or file.value), place.writing() as created:
            return _downloaded(
                _Content(created, file, password, most, context, budget), place, context, request, budget
            )


def _downloaded(content: _Content, place: Place, context: Context, request: Request, budget: Budget) -> Outcome:
    about: dict[str, Any] = {"type": "hash", "indicator": content.file.value}
    account = context.account(request.api_key)
    permit = account.permit(request.action, f"download:{content.file.value}", budget)
    try:
        is_there = account.ask(permit, lambda api: api.download(content.file, content.download, budget), budget)
        if not is_there:
            summary = "not found: VirusTotal does not have the content of this file"
            return Outcome("not_found", summary, about, "api", context.clock.now())
        hashes = content.finish()
    except Forbidden as error:
        raise naming_licence(error, "premium") from None
    finally:
        permit.leave()
        content.abandon()
    place.name = place.name or _name(hashes["sha256"], content.password)
    try:
        place.finish(content.created)
    except InvalidRequest as error:
        raise may_have_counted(error) from None
    encrypted = content.password is not None
    data = {**about, "id": hashes["sha256"], "hashes": hashes, "path": place.path, "size": content.size}
    summary = f"downloaded {content.size} bytes to {place.path}"
    return Outcome("ok", summary, {**data, "encrypted": encrypted}, "api", context.clock.now())


class _Content:
    """Writes the arriving content to `created`, in a zip file if there is a password, and measures it."""

    def __init__(
        self,
        created: BinaryIO,
        file: Indicator,
        password: str | None,
        most: int,
        context: Context,
        budget: Budget,
    ) -> None:
        self.created, self.file, self.password = created, file, password
        self.size = 0
        self.download = Download(most, self._begin, self._write)
        self._context, self._budget = context, budget
        self._total: int | None = None
        self._archive: ZipArchive | None = None
        self._measures = self._new_measures()

    @staticmethod
    def _new_measures() -> list[Any]:
        # VirusTotal identifies files by these hashes; their strength does not matter here.
        return [hashlib.md5(usedforsecurity=False), hashlib.sha1(usedforsecurity=False), hashlib.sha256()]

    def _begin(self, total: int | None) -> None:
        self.abandon()
        self._on_disk(self._start_again)
        self._measures, self.size, self._total = self._new_measures(), 0, total

    def _start_again(self) -> None:
        self.created.seek(0)
        self.created.truncate()
        if self.password is not None:
            self._archive = ZipArchive(self.created, self.file.value, self.password)

    def _write(self, piece: bytes) -> None:
        self._context.clock.sleep(0)  # raises if the process is to end
        for measure in self._measures:
            measure.update(piece)
        self.size += len(piece)
        self._on_disk(lambda: self._put(piece))
        self._budget.observer.bytes_received(self.size, self._total)

    def _put(self, piece: bytes) -> None:
        if self._archive is not None:
            self._archive.write(piece)
            return
        left = memoryview(piece)
        while left:
            left = left[self.created.write(left) :]

    def finish(self) -> dict[str, str]:
        """The hashes of the content. Raises `InvalidResponse` if it is another file's."""
        hashes = {name: measure.hexdigest() for name, measure in zip(_HASHES, self._measures)}
        name = _NAME_OF_HASH[len(self.file.value)]
        if hashes[name] != self.file.value:
            raise InvalidResponse(
                f"the downloaded content is not the file {self.file.value}: its {name} is {hashes[name]}; nothing was "
                "saved. It counts as a download",
                http_status=200,
                retryable=False,
            )
        if self._archive is not None:
            self._on_disk(self._archive.finish)
            self._archive = None
        return hashes

    def abandon(self) -> None:
        """Release an archive that was not finished."""
        if self._archive is not None:
            self._archive.abandon()
            self._archive = None

    @staticmethod
    def _on_disk(work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            raise refused("path", f"cannot be written: {error.strerror or 'the disk refuses it'}") from None


def _check_known_size(file: Indicator, most: int, context: Context) -> None:
    """Raise `TooLarge` before a download is spent on a file that a cached report shows to be too large."""
    entry = context.cache.peek(report_key(context, file), any_entry)
    size = entry.report.get("size") if entry is not None else None
    if isinstance(size, int) and size > most:
        raise TooLarge(
            f"the file has {size} bytes, more than the {most} of max_bytes; nothing was downloaded",
            details={"path": "/params/max_bytes"},
        )


def _password(value: str | None) -> str | None:
    """Raises `InvalidRequest`, and `ConfigError` if zip files cannot be made here."""
    if value is None:
        return None
    if not value.isprintable():
        raise refused("zip_password", "has control characters or invalid ones")
    library()
    return value


def _name(sha256: str, password: str | None) -> str:
    return sha256 if password is None else sha256 + _ZIP
