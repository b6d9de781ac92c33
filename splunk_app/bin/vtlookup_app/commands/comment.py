"""`| vtcomment`: adds one public comment to one indicator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..options import UsageError
from ..sdk_import import Configuration
from ..setting_names import in_splunk
from .base import Generating, Refused, Row

if TYPE_CHECKING:
    from ..confirmation import Confirmation

_FIELDS = ("indicator", "type", "status", "comment_id", "summary")
_NOT_SENT = "not_sent"
_CLICK = "Nothing was sent. Click this row within ten minutes to post the comment."
_ONCE = "Nothing was sent again: a click posts once. Click this row within ten minutes to post the comment once more."


@Configuration(type="reporting")
class VtComment(Generating):
    """One row with the result."""

    OPTIONS = ("value", "type", "comment", "confirm")

    _request: dict[str, Any]

    def read_options(self, given: Mapping[str, str]) -> None:
        from ..comment_policy import request_of

        value, kind, comment = (given.get(name, "").strip() for name in ("value", "type", "comment"))
        if not value or not comment:
            raise UsageError("value= must be the indicator, and comment= the text of the comment")
        self._request = request_of(value, kind.lower(), comment)

    def rows(self) -> Iterator[Row]:
        from .core_access import Asking

        confirmation = self.confirmation()
        if confirmation is not None and not _is_taken(confirmation):
            summary = _ONCE if confirmation.is_given() else _CLICK
            yield self._row({"status": _NOT_SENT, "summary": summary}, confirmation)
            return
        asking = Asking(self)
        response = asking.response(self._request)
        is_made = response["status"] == "ok"
        self.note(requests=response["meta"]["requests"], written=int(is_made))
        self.warn(asking.warnings)
        data = response["data"] or {}
        named = {name: data[name] for name in ("indicator", "type", "comment_id") if data.get(name)}
        told = {"status": response["status"], **named, "summary": in_splunk(response["summary"])}
        yield self._row(told, confirmation)

    def _row(self, told: Mapping[str, str], confirmation: Confirmation | None) -> Row:
        """With `confirm=`, the row also has the comment, and a code for posting it as long as it is not posted."""
        from vt_connectors.indicators import shown_without_credentials

        params = self._request["params"]
        found: Row = {name: told.get(name, "") for name in _FIELDS}
        found["indicator"] = told.get("indicator") or shown_without_credentials(params["indicator"])
        if confirmation is None:
            return found
        code = confirmation.code() if told["status"] == _NOT_SENT else ""
        return {**found, "comment": params["comment"], "confirm": code}


def _is_taken(confirmation: Confirmation) -> bool:
    try:
        return confirmation.take()
    except OSError as error:
        raise Refused("config_error", f"the click cannot be recorded, so nothing was sent: {error}") from None
