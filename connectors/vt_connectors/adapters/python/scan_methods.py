"""The methods about files and scans: public and private scans, the reports on private ones, and downloads."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Callable, Optional

from ...observer import BytesReceived, BytesSent
from .calling import Calling
from .options import CacheOptions, FileScanOptions, LookupOptions, UrlScanOptions, scan_params
from .other_answers import Analysis

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ...indicators import Kind
    from .sample_answers import DownloadedFile, PrivateReport

Progress = Callable[[int, int], None]
DownloadProgress = Callable[[int, Optional[int]], None]


class ScanMethods(Calling):
    """Part of `VirusTotal`. What needs a licence raises `Forbidden` without it; `details["licence"]` names it."""

    def scan_file(
        self,
        path_or_bytes: str | os.PathLike[str] | bytes,
        filename: str | None = None,
        wait_s: float = 0,
        progress: Progress | None = None,
        private: bool = False,
        password: str | None = None,
        **options: Unpack[FileScanOptions],
    ) -> Analysis:
        """Send a file for a scan: bytes are its content, a str is its path. VirusTotal's customers can download it,
        unless the scan is private. `password`: of an archive that is sent.

        `wait_s`: how many seconds to wait for the result; `pending` if the scan has not ended by then.
        `progress(sent, total)` is called with the number of bytes. Raises `TooLarge`, `OutcomeUnknown`, ...

        `private`: only this account sees the file and its report, until VirusTotal deletes them after `retention_days`
        (the account's setting without it). Nothing is submitted in public, whatever fails. Needs the licence for
        Private Scanning. Options of private scans without `private` raise `InvalidRequest`, and nothing is sent.
        """
        more, others = scan_params(FileScanOptions, options)
        params = {"filename": filename, "wait_s": wait_s or None, **_private(private), "password": password, **more}
        if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
            params["content_base64"] = base64.b64encode(path_or_bytes).decode("ascii")
        else:
            params["path"] = os.fspath(path_or_bytes)
        observer = None if progress is None else BytesSent(progress)
        return Analysis.from_dict(self._run("scan_file", params, LookupOptions, others, observer))

    def scan_url(
        self, url: str, wait_s: float = 0, private: bool = False, **options: Unpack[UrlScanOptions]
    ) -> Analysis:
        """Submit a URL for a scan, which is public unless it is `private`. Both parameters as for `scan_file`."""
        more, others = scan_params(UrlScanOptions, options)
        params = {"url": url, "wait_s": wait_s or None, **_private(private), **more}
        return Analysis.from_dict(self._run("scan_url", params, LookupOptions, others))

    def rescan_file(self, hash: str, wait_s: float = 0, **options: Unpack[LookupOptions]) -> Analysis:
        """Scan a file again that VirusTotal already has. `wait_s` as for `scan_file`."""
        params = {"hash": hash, "wait_s": wait_s or None}
        return Analysis.from_dict(self._run("rescan_file", params, LookupOptions, options))

    def rescan(
        self, indicator: str, wait_s: float = 0, type: Kind | None = None, **options: Unpack[LookupOptions]
    ) -> Analysis:
        """Scan a file, URL, domain or address again that VirusTotal already has. `wait_s` as for `scan_file`."""
        params = {"indicator": indicator, "type": type, "wait_s": wait_s or None}
        return Analysis.from_dict(self._run("rescan", params, LookupOptions, options))

    def get_analysis(self, id: str, private: bool = False, **options: Unpack[LookupOptions]) -> Analysis:
        """The state and the result of the scan with this `analysis_id`.

        `private`: it is a private scan, as `private` of the `pending` answer says. Only the key that made it finds it.
        """
        params = {"analysis_id": id, **_private(private)}
        return Analysis.from_dict(self._run("get_analysis", params, LookupOptions, options))

    def lookup_private_file(self, sha256: str, **options: Unpack[LookupOptions]) -> PrivateReport:
        """The report on a private scan of a file that this key made. No other key gets it, also not from the cache.

        `not_found` if there is none: `reason` is `expired` after its retention, if the cache had it. Needs the licence
        for Private Scanning. `InvalidIndicator` for another hash than SHA-256.
        """
        from .sample_answers import PrivateReport

        return PrivateReport.from_dict(self._run("lookup_private_file", {"hash": sha256}, LookupOptions, options))

    def lookup_private_url(self, url: str, **options: Unpack[LookupOptions]) -> PrivateReport:
        """Like `lookup_private_file`, for a URL; `skipped` for internal ones."""
        from .sample_answers import PrivateReport

        return PrivateReport.from_dict(self._run("lookup_private_url", {"url": url}, LookupOptions, options))

    def download_file(
        self,
        hash: str,
        path: str | os.PathLike[str],
        zip_password: str | None = None,
        max_bytes: int | None = None,
        overwrite: bool = False,
        progress: DownloadProgress | None = None,
        **options: Unpack[CacheOptions],
    ) -> DownloadedFile:
        """Save a file of VirusTotal's collection, which may be malicious. Needs a premium licence, and counts against
        its quota of downloads.

        `path`: a folder, in which the file is named by its SHA-256, or the file to create. It is created whole and with
        the right content, or not at all. `zip_password`: save a zip file with this password instead (needs the package
        `pyzipper`). `max_bytes`: save no larger file (650 MB at most); `TooLarge` then. `overwrite`: replace a file
        that is there; otherwise it is `InvalidRequest`, and nothing is downloaded. `progress(received, total)` is
        called with the number of bytes; `total` is None if it is not known.
        """
        from .sample_answers import DownloadedFile

        params: dict[str, Any] = {"hash": hash, "path": os.fspath(path), "overwrite": overwrite or None}
        params.update(zip_password=zip_password, max_bytes=max_bytes)
        observer = None if progress is None else BytesReceived(progress)
        return DownloadedFile.from_dict(self._run("download_file", params, CacheOptions, options, observer))


def _private(private: bool) -> dict[str, object]:
    # None from a setting that is missing must not make a file public.
    if not isinstance(private, bool):
        raise TypeError("private is True or False")
    return {"private": True} if private else {}
