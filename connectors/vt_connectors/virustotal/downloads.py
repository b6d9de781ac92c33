"""Downloads of files: VirusTotal redirects to a server that stores them, which must not see the key.

The call counts against a quota of its own, perhaps also if its response is lost, so it is sent once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConnectorError, InvalidResponse, RequestTimeout, TooLarge, Unavailable
from . import endpoints
from .http.given_urls import checked_storage_url
from .http.transport import BodyTooLarge, Download, HttpRequest, NotSent, TransportFailure
from .responses import NotFound

if TYPE_CHECKING:
    from ..indicators import Indicator
    from .budget import Budget
    from .client import Client

# The documentation has no status for the redirect; recorded is 302.
_REDIRECTS = (302, 303, 307)


def download_file(client: Client, file: Indicator, download: Download, budget: Budget) -> bool:
    """See `port.Api.download`."""
    try:
        address = _address(client, file, budget)
    except NotFound:
        return False
    # The key works, so other requests need not wait for the file.
    budget.permit.accepted()
    try:
        _fetch(client, checked_storage_url(address, client.base_url), download)
    except ConnectorError as error:
        raise may_have_counted(error) from None
    return True


def may_have_counted(error: ConnectorError) -> ConnectorError:
    """`error` of a download, for callers: not retryable, because a repetition would count again."""
    error.retryable = False
    error.message += "; it may have counted as a download, so it was not repeated"
    return error


def _address(client: Client, file: Indicator, budget: Budget) -> str:
    """Where VirusTotal redirects to, unchecked. Raises `NotFound` and `ConnectorError`."""
    request = endpoints.DOWNLOAD.request(client.base_url, {"id": file.value})
    try:
        answer = client.send(request, budget)
    except NotSent as failure:
        raise Unavailable(f"VirusTotal could not be reached, nothing was sent: {failure}") from None
    except TransportFailure as failure:
        raise may_have_counted(RequestTimeout(f"VirusTotal did not answer: {failure}")) from None
    location = answer.headers.get("location")
    if answer.status in _REDIRECTS and location:
        return location
    try:
        client.read(endpoints.DOWNLOAD, answer)
    except (InvalidResponse, Unavailable) as error:
        raise (may_have_counted(error) if error.vt_code is None else error) from None
    raise may_have_counted(InvalidResponse("VirusTotal's response is not a redirect", http_status=answer.status))


def _fetch(client: Client, url: str, download: Download) -> None:
    """Get what is at `url`. Not counted. Raises `ConnectorError`, also those of `download`."""
    try:
        answer = client.send_elsewhere(HttpRequest("GET", url, key="none", download=download))
    except BodyTooLarge as failure:
        raise TooLarge(f"the file is too large: {failure}") from None
    if answer.status != 200 or answer.broken:
        kind = Unavailable if answer.status >= 500 else InvalidResponse
        what = answer.broken or f"HTTP {answer.status}"
        raise kind(f"the server that stores the file did not send it ({what})", http_status=answer.status)
