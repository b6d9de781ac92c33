"""`| vtdrain`: what waits for quota is asked with what there is of it, and one row says what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from splunklib.searchcommands import Configuration, Option

from ..search_options import UsageError, duration
from .base import Generating, Row


@Configuration(type="reporting")
class VtDrain(Generating):
    """Oldest first. `keep` None: the usual share of the day is left to people."""

    keep = Option()
    wait = Option()

    _keep: int | None
    _wait_s: float

    def read_options(self) -> None:
        self._keep = _keep(self.keep)
        self._wait_s = 0.0 if self.wait is None else duration("wait", self.wait)

    def rows(self) -> Iterator[Row]:
        from connectors.drain import Spend

        from .asking import Asking

        asking = Asking(self)
        drained = asking.core.drain(Spend(self._keep, self._wait_s, lambda: self.stopping.stopped))
        message = "; ".join(text for text in (drained.message, asking.warnings) if text)
        self.note(asked=drained.asked, failed=drained.failed, pending=drained.left)
        self.warn(message or None)
        yield {name: str(told) for name, told in {**drained._asdict(), "message": message}.items()}


def _keep(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise UsageError(f"keep={text!r}: write how many of the day's requests to leave to people")
    return int(text)
