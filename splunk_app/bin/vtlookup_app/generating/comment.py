"""`| vtcomment`: one comment on one indicator, for everyone to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splunklib.searchcommands import Configuration, Option

from ..search_options import UsageError
from .base import Generating, Refused, Row


@Configuration(type="reporting")
class VtComment(Generating):
    """One row that says what came of it."""

    value = Option()
    type = Option()
    comment = Option()

    _request: dict[str, Any]

    def read_options(self) -> None:
        from ..commenting import request_of

        for name in ("value", "comment"):
            if not (getattr(self, name) or "").strip():
                raise UsageError("value= names what to comment on, comment= says it")
        self._request = request_of(self.value.strip(), (self.type or "").strip().lower(), self.comment.strip())

    def rows(self) -> Iterator[Row]:
        from connectors.errors import ConnectorError

        from ..commenting import refuse_what_is_not_allowed
        from ..start import splunkd_of
        from .asking import Asking

        splunkd = splunkd_of(self.searchinfo)
        if splunkd is None:
            raise Refused("config_error", "there is no session to ask splunkd in")
        try:
            refuse_what_is_not_allowed(splunkd)
        except ConnectorError as error:
            raise Refused(error.code, error.message) from None
        asking = Asking(self)
        response = asking.response(self._request)
        is_made = response["status"] == "ok"
        self.note(requests=response["meta"]["requests"], written=int(is_made))
        self.warn(asking.warnings)
        data = response["data"] or {}
        told = {"indicator": data.get("indicator", self.value), "type": data.get("type"), "status": response["status"]}
        told.update(comment_id=data.get("comment_id"), summary=response["summary"])
        yield {name: "" if value is None else str(value) for name, value in told.items()}
