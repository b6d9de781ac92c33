"""The base class of commands whose rows are the answer to one request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..options import duration
from ..result_fields import PREFIX
from ..setting_names import in_splunk
from .base import Generating, Refused, Row

_DEFAULT_WAIT_S = 60.0


class OneRequest(Generating):
    """A command sets `_request` in `read_options`, and implements `found` and `empty`.

    An answer without an object, such as `not_found`, is one row with its `vt_status`, and a message.
    """

    _request: dict[str, Any]
    _wait_s: float

    def found(self, data: Mapping[str, Any]) -> Iterable[Row]:
        """The rows of an answer. All have the same fields."""
        raise NotImplementedError

    def empty(self) -> Row:
        """A row with the same fields, for an answer without rows."""
        raise NotImplementedError

    def read_wait(self, given: Mapping[str, str]) -> None:
        """Raises `UsageError`."""
        self._wait_s = duration("wait", given["wait"]) if "wait" in given else _DEFAULT_WAIT_S

    def rows(self) -> Iterator[Row]:
        confirmation = self.confirmation()
        if confirmation is None:
            yield from self._answered({})
            return
        # A page always gets a row: it says why there is nothing, and has the code for a click.
        try:
            found = list(self._answered({} if confirmation.is_given() else {"cache": "only"}))
        except Refused as error:
            self.note(errors={error.code: 1})
            self.warn(str(error))
            found = [{**self.empty(), f"{PREFIX}status": "error", f"{PREFIX}reason": str(error)}]
        code = {f"{PREFIX}confirm": confirmation.code()}
        yield from ({**row, **code} for row in found or [self.empty()])

    def _answered(self, options: Mapping[str, str]) -> Iterator[Row]:
        """The rows of the answer. Raises `Refused`."""
        from .core_access import Asking

        asking = Asking(self)
        response = asking.waited({**self._request, "options": options}, self._wait_s)
        meta, data = response["meta"], response["data"] or {}
        self.note(requests=meta["requests"], waited_s=meta["waited_s"], cached=int(meta["source"] == "cache"))
        self.warn(asking.warnings)
        if response["status"] != "ok":
            if data.get("reason"):
                self.note(skipped={data["reason"]: 1})
            self.say(in_splunk(response["summary"]))
            yield {**self.empty(), f"{PREFIX}status": response["status"], f"{PREFIX}reason": data.get("reason") or ""}
            return
        rows = list(self.found(data))
        if data.get("more") or not rows:
            self.say(self._more(len(rows)) if rows else in_splunk(response["summary"]))
        yield from rows

    def say(self, message: str) -> None:
        """Show a message in the search's job."""
        self.write_info("{}", f"{self.told_as}: {message}")

    def _more(self, count: int) -> str:
        limit = self._request["params"]["limit"]
        if count < limit:
            return f"there was quota for {count} only, and there are more: run again, or raise wait="
        return f"there are more than {limit}: raise limit= to get them"
