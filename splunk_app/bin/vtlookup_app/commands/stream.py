"""`| vtstream`: the notifications of the IoC stream that no search has read yet, as events."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..limits import LONGEST_EVENT
from ..logs.json_line import one_line
from ..object_fields import WHOLE, fields_of
from ..options import UsageError, count, duration
from ..result_fields import PREFIX, epoch_of
from ..sdk_import import Configuration
from .base import Generating, Refused, Row

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

    from .core_access import Asking

_DEFAULT_LIMIT, _MOST, _IN_CALL = 400, 4000, 200
_DEFAULT_WAIT_S = 60.0
_EXAMPLES = {"filter": "entity_type:file", "since": "7d or since=2026-01-02T03:04:05Z"}
_LONGEST_TEXT = 2048
_AGO = re.compile(r"\d{1,6}[smhdw]")
_OF_NOTIFICATION = ("notification_id", "origin", "rule", "sources", "notification_tags")
_FIELDS = (*_OF_NOTIFICATION, *(name for name in WHOLE if name not in ("reason", "date")))
# What an event is left without, one after the other, if it is too long even with short texts.
_LEFT_OUT = ("", "attributes", "tags", "notification_tags", "names", "sources")


@Configuration(type="events")
class VtStream(Generating):
    """The oldest first. With `since`, from there, and the position that later searches begin at does not change."""

    OPTIONS = ("filter", "limit", "since", "wait")

    _params: dict[str, str]
    _limit: int
    _wait_s: float

    def read_options(self, given: Mapping[str, str]) -> None:
        self._params = {name: given[name].strip() for name in _EXAMPLES if name in given}
        for name, text in self._params.items():
            if not 0 < len(text) <= _LONGEST_TEXT:
                raise UsageError(f"{name}= is empty or too long: leave it out, or write {name}={_EXAMPLES[name]}")
        self._limit = count("limit", given.get("limit"), _DEFAULT_LIMIT, _MOST)
        self._wait_s = duration("wait", given["wait"]) if "wait" in given else _DEFAULT_WAIT_S

    def rows(self) -> Iterator[Row]:
        """None in a preview, because what it shows is not the search's result."""
        if self.is_preview:
            return
        from .core_access import Asking

        asking = Asking(self)
        stays = "" if "since" in self._params else asking.moves_streams()
        if stays:
            self.warn(f"the position in the stream stays, so the next search repeats these events: {stays}")
        for document, response in self._pages(asking):
            assert response["data"] is not None  # of a response without an error
            yield from map(_event, response["data"]["notifications"])
            if stays is None:
                # If the process ends before splunkd has the events, the next search repeats them.
                self.on_taken = partial(asking.delivered, document, response)
        self.warn(asking.warnings)

    def _pages(self, asking: Asking) -> Iterator[tuple[Mapping[str, Any], Response]]:
        """Requests and their answers, until there are `limit` notifications. Only the first one waits for quota."""
        params, left, requests, wait_s = {**self._params, **self._since()}, self._limit, 0, self._wait_s
        while left > 0:
            document = {"action": "ioc_stream", "params": {**params, "limit": min(left, _IN_CALL)}}
            try:
                response = asking.waited(document, wait_s)
            except Refused as error:
                if left == self._limit:
                    raise
                self.note(errors={error.code: 1})
                self.warn(f"{self._limit - left} notifications were read, and the next search continues: {error}")
                return
            data = response["data"] or {}
            requests += response["meta"]["requests"]
            self.note(requests=requests)
            yield document, response
            left -= len(data["notifications"])
            params, wait_s = {**params, "since": data["cursor"]}, 0.0
            if not data["more"] or not data["notifications"]:
                return

    def _since(self) -> dict[str, str]:
        """The time for a duration such as `7d`."""
        from vt_connectors.clock import iso

        text = self._params.get("since", "")
        return {"since": iso(time.time() - duration("since", text))} if _AGO.fullmatch(text) else {}


def _event(row: Mapping[str, Any]) -> Row:
    told = fields_of(row, _FIELDS)
    return {"_time": epoch_of(row.get("notified")), "_raw": _raw(row, told), **told}


def _raw(row: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """JSON with the names of the event's fields, without empty ones. It begins with the time."""
    content = {name: value for name, value in told.items() if value}
    if "attributes" in row:
        content[f"{PREFIX}attributes"] = row["attributes"]
    line = b""
    for name in _LEFT_OUT:
        content.pop(PREFIX + name, None)
        line = one_line({"time": row.get("notified"), **content}, LONGEST_EVENT)
        if len(line) <= LONGEST_EVENT:
            break
    return line.decode("ascii")
