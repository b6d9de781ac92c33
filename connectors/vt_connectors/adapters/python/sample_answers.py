"""The reports on private scans, and downloaded files, for Python callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ...indicators import Kind
from .answers import Answer, Judged, ThreatSeverity, answer_fields, judged_fields, time_of
from .report_answers import Gti, gti_of

_HASHES = ("md5", "sha1", "sha256")
_COPIED = ("type", "indicator", "threat_severity", "label", "size", "file_type", "url", "final_url", "title")


@dataclass(frozen=True)
class PrivateReport(Judged):
    """The report on a private scan: the answer of `lookup_private_file` and `lookup_private_url`.

    It belongs to the account of the key, and is not public. `verdict` is VirusTotal's own, not one by the number of
    engines; `threat_severity` likewise. `expires`: when VirusTotal deletes it. `reason` of `not_found`: `expired`, or
    `no_private_report`. `size` in bytes. `context`: empty unless `include` requested it.
    """

    type: Kind
    indicator: str
    threat_severity: ThreatSeverity | None
    expires: datetime | None
    label: str | None
    names: tuple[str, ...]
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    md5: str | None
    sha1: str | None
    sha256: str | None
    size: int | None
    file_type: str | None
    url: str | None
    final_url: str | None
    title: str | None
    gti: Gti | None
    context: Mapping[str, str | int | list[str]] = field(repr=False, hash=False)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> PrivateReport:
        """From a response document. Raises its error."""
        fields = judged_fields(document)
        data: Mapping[str, Any] = document["data"]
        fields.update((name, data.get(name)) for name in _COPIED)
        fields.update((name, tuple(data.get(name) or ())) for name in ("names", "tags", "categories"))
        fields.update(_hashes(data))
        return cls(**fields, expires=time_of(data.get("expires")), gti=gti_of(data), context=data.get("context", {}))


@dataclass(frozen=True)
class DownloadedFile(Answer):
    """The answer of `download_file`. All fields but `indicator` are None if nothing was downloaded.

    `path`: the created file, absolute. `size`: of the content, in bytes. `encrypted`: the created file is a zip file
    with a password. `reason`: why it was skipped.
    """

    indicator: str
    path: Path | None
    size: int | None
    encrypted: bool | None
    md5: str | None
    sha1: str | None
    sha256: str | None
    reason: str | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> DownloadedFile:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data: Mapping[str, Any] = document["data"]
        fields.update((name, data.get(name)) for name in ("indicator", "size", "encrypted", "reason"))
        return cls(**fields, **_hashes(data), path=Path(data["path"]) if "path" in data else None)


def _hashes(data: Mapping[str, Any]) -> dict[str, Any]:
    hashes: Mapping[str, str] = data.get("hashes") or {}
    return {name: hashes.get(name) for name in _HASHES}
