"""The id under which an indicator is written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..indicators import Indicator
from .lookup import report_on
from .read_through import find
from .writes import known_sha256

if TYPE_CHECKING:
    from ..contract.documents import Request
    from ..virustotal.budget import Budget
    from .context import Context


def write_id(indicator: Indicator, context: Context, request: Request, budget: Budget) -> str | None:
    """VirusTotal's id of `indicator` for a write with API v3; None if VirusTotal does not know the URL.

    A URL's is the SHA-256 in VirusTotal's report, which costs a request if it is not cached: writes to the base64 id
    returned 404, although reads worked. Raises `ConnectorError`.
    """
    if indicator.kind == "hash":
        return known_sha256(indicator, context) or indicator.value
    if indicator.kind != "url" or not context.account(request.api_key).writes_to_url_ids:
        return indicator.vt_id
    found = find(report_on(indicator, context, request, budget), context, request, budget)
    if found is None:
        return None
    object_id = found[0].report.get("id")
    return object_id if isinstance(object_id, str) else None
