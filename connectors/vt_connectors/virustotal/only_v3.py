"""The calls that only API v3 has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..errors import Forbidden
from ..indicators import Indicator
from . import endpoints
from .budget import Budget
from .endpoints import Endpoint
from .http.transport import Download, Upload
from .port import Result, Rows, RowsCall, Submitted


class OnlyInV3:
    """The part of `port.Api` that refuses with `Forbidden`."""

    def related(
        self, endpoint: Endpoint, vt_type: str, indicator: Indicator, limit: int, budget: Budget
    ) -> Rows | None:
        raise not_in_v2(endpoint)

    def rows(self, call: RowsCall, budget: Budget) -> Rows | None:
        raise not_in_v2(call.endpoint)

    def document(self, endpoint: Endpoint, values: Mapping[str, str], budget: Budget) -> Mapping[str, Any] | None:
        raise not_in_v2(endpoint)

    def own_document(self, endpoint: Endpoint, values: Mapping[str, str], budget: Budget) -> Mapping[str, Any] | None:
        raise not_in_v2(endpoint)

    def change(
        self,
        endpoint: Endpoint,
        values: Mapping[str, str],
        budget: Budget,
        understood: Callable[[Mapping[str, Any]], Result],
        upload: Upload | None = None,
    ) -> Result | None:
        raise not_in_v2(endpoint)

    def upload_address(self, budget: Budget, *, private: bool) -> str:
        raise not_in_v2(endpoints.UPLOAD_ADDRESS)

    def scan_privately(
        self, upload: Upload, hashes: Mapping[str, str], options: Mapping[str, str], budget: Budget
    ) -> Submitted:
        raise not_in_v2(endpoints.PRIVATE_UPLOAD)

    def download(self, file: Indicator, download: Download, budget: Budget) -> bool:
        raise not_in_v2(endpoints.DOWNLOAD)


def not_in_v2(endpoint: Endpoint) -> Forbidden:
    """The error of an action that is not done with API v2. Its endpoint may be one with a counterpart in v2."""
    return Forbidden(f"this needs API v3 ({endpoint.name.replace('_', ' ')}); set VT_API_VERSION=3")
