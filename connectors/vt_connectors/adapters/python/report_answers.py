"""The reports on files, URLs, domains and addresses, for Python callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ...errors import ConnectorError
from ...indicators import Kind
from .answers import Judged, ThreatSeverity, judged_fields, time_of


@dataclass(frozen=True)
class Votes:
    """The votes of VirusTotal's community; None if VirusTotal did not give them."""

    harmless: int | None
    malicious: int | None


@dataclass(frozen=True)
class Gti:
    """Google Threat Intelligence's assessment. `score` from 0 to 100. `factors`: by Google's names."""

    verdict: Literal["malicious", "suspicious", "undetected", "benign", "unknown"]
    severity: ThreatSeverity
    score: int | None
    description: str | None
    factors: Mapping[str, bool | int | str | list[str]] = field(hash=False)


@dataclass(frozen=True)
class Related:
    """An object that is related to an indicator. `type`: its kind, or VirusTotal's type of other objects. `is_known`:
    VirusTotal has it, and does not only name it. `host` and `ip`: of a resolution.
    """

    type: str
    id: str | None
    indicator: str | None
    host: str | None
    ip: str | None
    date: datetime | None
    is_known: bool


@dataclass(frozen=True)
class Report(Judged):
    """VirusTotal's report on a file, URL, domain or address: the answer of `lookup_*`.

    `indicator` is the value in its canonical form. `size` in bytes. `gti`: only for keys with its licence. `context`:
    empty unless `include` requested it. `relationships`: by name, as far as they were requested and VirusTotal gave
    them. The fields of a scan are set if `lookup_url` submitted the URL for a scan.
    """

    type: Kind
    indicator: str
    reputation: int | None
    votes: Votes | None
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
    registrar: str | None
    country: str | None
    asn: int | None
    owner: str | None
    network: str | None
    created: datetime | None
    first_seen: datetime | None
    gti: Gti | None
    context: Mapping[str, str | int | list[str]] = field(repr=False, hash=False)
    relationships: Mapping[str, tuple[Related, ...]] = field(repr=False, hash=False)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Report:
        """From a response document, as `to_dict()` returns or `vtaction run` writes it. Raises its error."""
        fields = judged_fields(document)
        data: Mapping[str, Any] = document["data"]
        fields.update((name, data.get(name)) for name in _COPIED)
        fields.update((name, tuple(data.get(name) or ())) for name in ("names", "tags", "categories"))
        fields.update((name, data.get("hashes", {}).get(name)) for name in ("md5", "sha1", "sha256"))
        fields.update((name, time_of(data.get(name))) for name in ("created", "first_seen"))
        return cls(
            **fields,
            votes=_votes(data),
            gti=gti_of(data),
            context=data.get("context", {}),
            relationships=_related(data),
        )


_COPIED = (
    *("type", "indicator", "reputation", "label", "size", "file_type", "url", "final_url", "title", "registrar"),
    *("country", "asn", "owner", "network"),
)


@dataclass(frozen=True)
class Lookup:
    """One value of `lookup_many`, as it was given, with its `report` or its `error`."""

    value: str
    report: Report | None
    error: ConnectorError | None

    @classmethod
    def from_dict(cls, value: str, document: Mapping[str, Any]) -> Lookup:
        """From the response document of the lookup of `value`."""
        try:
            return cls(value, Report.from_dict(document), None)
        except ConnectorError as error:
            return cls(value, None, error)


def _votes(data: Mapping[str, Any]) -> Votes | None:
    votes = data.get("votes")
    return None if votes is None else Votes(votes.get("harmless"), votes.get("malicious"))


def gti_of(data: Mapping[str, Any]) -> Gti | None:
    """The assessment in `data` of a response document, if there is one."""
    gti = data.get("gti")
    if gti is None:
        return None
    return Gti(gti["verdict"], gti["severity"], gti.get("score"), gti.get("description"), gti.get("factors", {}))


def _related(data: Mapping[str, Any]) -> dict[str, tuple[Related, ...]]:
    return {name: tuple(map(_one_related, rows)) for name, rows in data.get("relationships", {}).items()}


def _one_related(row: Mapping[str, Any]) -> Related:
    is_known = row.get("status") != "not_found"
    named = {name: row.get(name) for name in ("id", "indicator", "host", "ip")}
    return Related(type=row["type"], **named, date=time_of(row.get("date")), is_known=is_known)
