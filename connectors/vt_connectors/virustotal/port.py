"""The port to VirusTotal: what actions ask, in either version's words, and the shapes of what comes back.

Objects are in API v3's shape (`type`, `id`, `attributes`); `raw` is what VirusTotal itself sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..indicators import Indicator, Kind
from .budget import Budget
from .http.transport import Upload

AnalysisStatus = Literal["queued", "in-progress", "completed"]


@dataclass(frozen=True)
class Known:
    """What VirusTotal knows of an indicator."""

    vt_object: Mapping[str, Any]
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Submitted:
    """A scan that was accepted. `object_id`: the SHA-256 of what is scanned, where VirusTotal told it."""

    analysis_id: str
    object_id: str | None = None


@dataclass(frozen=True)
class Analysis:
    """How a scan stands. `attributes`: v3's `date`, `stats` and `results`, as far as they are there.

    `indicator`: the URL that was scanned, or the file's SHA-256; None where VirusTotal does not say.
    """

    analysis_id: str
    status: AnalysisStatus
    kind: Kind
    object_id: str | None
    indicator: str | None
    attributes: Mapping[str, Any]
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Comment:
    """A comment on an indicator. `date` is epoch seconds."""

    text: str
    comment_id: str | None = None
    date: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resolution:
    """A name that was seen at an address. `date` is epoch seconds: when last."""

    host: str | None
    ip: str | None
    date: int | None
    resolver: str | None = None


@dataclass(frozen=True)
class Rows:
    """`comments` or `resolutions`, newest first; `more`: VirusTotal has further ones."""

    items: tuple[Any, ...]
    raw: tuple[Any, ...]
    more: bool


class Api(Protocol):
    """Every method may raise `ConnectorError`. None means that VirusTotal does not know it.

    An answer about another object than the one asked for is an `InvalidResponse`, and to a write an `OutcomeUnknown`.
    """

    # Whether writing about a URL wants the id that VirusTotal gave it, which its report tells.
    writes_to_url_ids: bool

    def lookup(self, indicator: Indicator, budget: Budget, object_id: str | None = None) -> Known | None:
        """`object_id`: VirusTotal's own id of it, where known."""

    def add_comment(self, indicator: Indicator, object_id: str | None, text: str, budget: Budget) -> Comment | None: ...

    def comments(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None: ...

    def resolutions(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        """`indicator` is a domain or an address."""

    def scan_file(self, upload: Upload, hashes: Mapping[str, str], budget: Budget) -> Submitted:
        """`hashes`: md5, sha1 and sha256 of the file."""

    def rescan_file(self, indicator: Indicator, budget: Budget) -> Submitted | None: ...

    def scan_url(self, indicator: Indicator, budget: Budget, *, only_if_missing: bool = False) -> Submitted:
        """`only_if_missing`: VirusTotal did not know it a moment ago."""

    def analysis(self, analysis_id: str, budget: Budget) -> Analysis | None: ...

    def overall_quotas(self, budget: Budget) -> dict[str, Any]:
        """The account's quotas by name, each with `user` (`allowed`, `used`) and perhaps `group`. Not counted."""
