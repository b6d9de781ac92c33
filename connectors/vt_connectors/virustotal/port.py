"""The port to VirusTotal: the calls that actions use, for either version of the API, and their results.

Objects are in API v3's form (`type`, `id`, `attributes`); `raw` is VirusTotal's unchanged response.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Literal, Protocol, TypeVar

from ..indicators import Indicator, Kind
from ..quota.account_usage import Days
from .budget import Budget
from .endpoints import Endpoint
from .http.transport import Download, Upload

Result = TypeVar("Result")
AnalysisStatus = Literal["queued", "in-progress", "completed"]


@dataclass(frozen=True)
class Known:
    """VirusTotal's object on an indicator."""

    vt_object: Mapping[str, Any]
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Submitted:
    """An accepted scan. `object_id`: the SHA-256 of the scanned object, if VirusTotal sent it."""

    analysis_id: str
    object_id: str | None = None


@dataclass(frozen=True)
class Analysis:
    """The status of a scan. `attributes`: v3's `date`, `stats` and `results`, as far as they exist.

    `kind`: None if neither the id nor the response shows it, as for domains and addresses. `indicator`: the scanned
    URL, or the file's SHA-256; None if VirusTotal does not send it.
    """

    analysis_id: str
    status: AnalysisStatus
    kind: Kind | None
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
    """A name that was seen at an address. `date` is the last time, in epoch seconds."""

    host: str | None
    ip: str | None
    date: int | None
    resolver: str | None = None


@dataclass(frozen=True)
class Rows:
    """`comments`, `resolutions` or other rows, newest first; `more`: VirusTotal has more of them.

    `meta`: the `meta` object of the last page.
    """

    items: tuple[Any, ...]
    raw: tuple[Any, ...]
    more: bool
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RowsCall:
    """A call for at most `limit` rows, of which VirusTotal gives at most `page` in one response.

    A relationship that has one object at most counts as a list of it.
    """

    endpoint: Endpoint
    values: Mapping[str, str]
    limit: int
    page: int = 40


class Api(Protocol):
    """Every method may raise `ConnectorError`. None means that VirusTotal does not know the object.

    A response about another object than the requested one is an `InvalidResponse`; for a write, an `OutcomeUnknown`.
    """

    # Whether a write on a URL needs VirusTotal's id of it, from its report.
    writes_to_url_ids: bool

    def lookup(
        self, indicator: Indicator, budget: Budget, object_id: str | None = None, relationships: Sequence[str] = ()
    ) -> Known | None:
        """`object_id`: VirusTotal's own id of it, if known. `relationships`: names of those that the object is to
        have. With API v2 they are a `ConfigError`.
        """

    def add_comment(self, indicator: Indicator, object_id: str | None, text: str, budget: Budget) -> Comment | None: ...

    def comments(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None: ...

    def resolutions(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        """`indicator` is a domain or an address."""

    def related(
        self, endpoint: Endpoint, vt_type: str, indicator: Indicator, limit: int, budget: Budget
    ) -> Rows | None:
        """Objects of `vt_type` as API v3 has them at `endpoint`. With API v2, it and the next three are `Forbidden`."""

    def rows(self, call: RowsCall, budget: Budget) -> Rows | None:
        """Objects of any type, as API v3 has them."""

    def document(self, endpoint: Endpoint, values: Mapping[str, str], budget: Budget) -> Mapping[str, Any] | None:
        """The whole response of a reading call, whatever its form."""

    def own_document(self, endpoint: Endpoint, values: Mapping[str, str], budget: Budget) -> Mapping[str, Any] | None:
        """Like `document`, with the account of the key as the `id` in the path."""

    def change(
        self,
        endpoint: Endpoint,
        values: Mapping[str, str],
        budget: Budget,
        understood: Callable[[Mapping[str, Any]], Result],
        upload: Upload | None = None,
    ) -> Result | None:
        """The result of `understood` for the response to a write; it raises `InvalidResponse` if it is another's."""

    def upload_address(self, budget: Budget, *, private: bool) -> str:
        """Where one file may be sent, for a `private` scan or a public one: checked, so that the key may go there."""

    def scan_file(
        self, upload: Upload, hashes: Mapping[str, str], budget: Budget, password: str | None = None
    ) -> Submitted:
        """`hashes`: md5, sha1 and sha256 of the file. `password`: of an archive; with API v2, it is `Forbidden`."""

    def scan_privately(
        self, upload: Upload, hashes: Mapping[str, str], options: Mapping[str, str], budget: Budget
    ) -> Submitted:
        """Like `scan_file`, by private scanning only, whatever fails. `options`: by VirusTotal's names.

        With API v2, it is `Forbidden`.
        """

    def download(self, file: Indicator, download: Download, budget: Budget) -> bool:
        """Pass the content of a file to `download`; False if VirusTotal does not have it. Never repeated after it may
        have counted. With API v2, it is `Forbidden`.
        """

    def rescan(self, indicator: Indicator, object_id: str | None, budget: Budget) -> Submitted | None:
        """`object_id`: VirusTotal's own id of a URL. API v2 rescans files and URLs only; else it is `Forbidden`."""

    def scan_url(self, indicator: Indicator, budget: Budget, *, only_if_missing: bool = False) -> Submitted:
        """`only_if_missing`: a lookup just found that VirusTotal does not know the URL."""

    def analysis(self, analysis_id: str, budget: Budget) -> Analysis | None: ...

    def overall_quotas(self, budget: Budget) -> dict[str, Any]:
        """The account's quotas by name, each with `user` (`allowed`, `used`) and perhaps `group`. Not counted."""

    def api_usage(self, days: Days, budget: Budget) -> dict[str, Any]:
        """The account's requests by day and endpoint, in VirusTotal's form. Not counted."""
