"""`| vtcomment`: adds one public comment to one indicator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..options import UsageError
from ..sdk_import import Configuration
from ..setting_names import in_splunk
from .base import Generating, Row


@Configuration(type="reporting")
class VtComment(Generating):
    """One row with the result."""

    OPTIONS = ("value", "type", "comment")

    _request: dict[str, Any]

    def read_options(self, given: Mapping[str, str]) -> None:
        from ..comment_policy import request_of

        value, kind, comment = (given.get(name, "").strip() for name in self.OPTIONS)
        if not value or not comment:
            raise UsageError("value= must be the indicator, and comment= the text of the comment")
        self._request = request_of(value, kind.lower(), comment)

    def rows(self) -> Iterator[Row]:
        from vt_connectors.indicators import shown_without_credentials

        from .core_access import Asking

        asking = Asking(self)
        response = asking.response(self._request)
        is_made = response["status"] == "ok"
        self.note(requests=response["meta"]["requests"], written=int(is_made))
        self.warn(asking.warnings)
        data = response["data"] or {}
        value = shown_without_credentials(self._request["params"]["indicator"])
        told = {"indicator": value, "type": "", "status": response["status"]}
        told.update({name: data[name] for name in ("indicator", "type", "comment_id") if data.get(name)})
        found = {name: told.get(name, "") for name in ("indicator", "type", "status", "comment_id")}
        yield {**found, "summary": in_splunk(response["summary"])}
