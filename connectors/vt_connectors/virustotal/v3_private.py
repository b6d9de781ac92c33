"""API v3's private scanning: what is sent is seen by its sender only, and is deleted after its retention.

Nothing here calls `/files` or `/urls`, whatever fails: that would make the file or the URL public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Conflict, InvalidResponse
from ..indicators import Indicator, Kind
from . import endpoints, identity
from .coerce import mapping, text
from .http.given_urls import checked_private_upload_url
from .large_uploads import LARGEST_DIRECT_UPLOAD
from .port import Submitted
from .responses import NotFound
from .v3_objects import analysis_id_of, being_scanned, no_such_call, object_of

if TYPE_CHECKING:
    from .budget import Budget
    from .client import Client
    from .http.transport import Upload

_ANALYSIS = "private_analysis"
_TYPES: dict[Kind, str] = {"hash": "private_file", "url": "private_url"}


@dataclass(frozen=True)
class PrivateAnalysis:
    """The status of a private scan, in VirusTotal's words. It has no results: these are in the object's report.

    `kind`, `object_id` and `indicator`: of the scanned object, as far as VirusTotal sends them; `indicator` is the URL,
    or the file's SHA-256.
    """

    status: str
    kind: Kind | None
    object_id: str | None
    indicator: str | None
    raw: Mapping[str, Any]


def scan_privately(
    client: Client, upload: Upload, hashes: Mapping[str, str], options: Mapping[str, str], budget: Budget
) -> Submitted:
    """See `port.Api`."""
    endpoint, sha256 = endpoints.PRIVATE_UPLOAD, hashes["sha256"]
    file = Indicator("hash", sha256)
    try:
        if upload.size > LARGEST_DIRECT_UPLOAD:
            address = client.ask(endpoints.PRIVATE_UPLOAD_ADDRESS, {}, budget).get("data")
            endpoint = endpoint.at(checked_private_upload_url(address, client.base_url))
        found = client.write(
            endpoint, options, budget, lambda answer: analysis_id_of(answer, file, hashes, _ANALYSIS), upload
        )
    except NotFound:
        raise no_such_call() from None
    except Conflict as conflict:
        raise being_scanned(conflict) from None
    return Submitted(found, sha256)


def url_submitted(answer: Mapping[str, Any], url: Indicator) -> Submitted:
    """The accepted private scan of `url`. Raises `InvalidResponse`."""
    return Submitted(analysis_id_of(answer, url, vt_type=_ANALYSIS))


def private_analysis(answer: Mapping[str, Any], asked: str) -> PrivateAnalysis:
    """The analysis with the id `asked`. Raises `InvalidResponse` if the response is about another one."""
    vt_object = object_of(dict(answer), _ANALYSIS)
    if vt_object["id"].rstrip("=") != asked.rstrip("="):
        raise identity.another(asked, vt_object["id"])
    meta = mapping(answer.get("meta"))
    url_info, file_info = mapping(meta.get("url_info")), mapping(meta.get("file_info"))
    status = text(mapping(vt_object.get("attributes")).get("status"))
    if status is None:
        raise InvalidResponse("VirusTotal's private analysis has no status", http_status=200)
    if url_info:
        return PrivateAnalysis(status, "url", text(url_info.get("id")), text(url_info.get("url")), vt_object)
    sha256 = text(file_info.get("sha256"))
    return PrivateAnalysis(status, "hash" if file_info else None, sha256, sha256, vt_object)


def private_object(answer: Mapping[str, Any], indicator: Indicator, object_id: str | None = None) -> dict[str, Any]:
    """The private object on a file or URL. `object_id`: VirusTotal's id, if the request used it.

    Raises `InvalidResponse` if the response is about another object.
    """
    vt_object = object_of(dict(answer), _TYPES[indicator.kind])
    identity.check_object(vt_object, indicator, object_id)
    return vt_object
