"""`| vtdrain`: looks up queued indicators with the quota that is left; one row has the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..options import UsageError, duration
from ..sdk_import import Configuration
from ..setting_names import in_splunk
from .base import Generating, Row


@Configuration(type="reporting")
class VtDrain(Generating):
    """Oldest first. `keep` None: reserve the default share of the day's quota for interactive use."""

    OPTIONS = ("keep", "wait")

    _keep: int | None
    _wait_s: float

    def read_options(self, given: Mapping[str, str]) -> None:
        self._keep = _keep(given.get("keep"))
        self._wait_s = duration("wait", given["wait"]) if "wait" in given else 0.0

    def rows(self) -> Iterator[Row]:
        from vt_connectors.actions.drain import DrainLimits

        from .core_access import Asking

        asking = Asking(self)
        drained = asking.core.drain(DrainLimits(self._keep, self._wait_s, lambda: self.stopping.stopped))
        message = "; ".join(text for text in (in_splunk(drained.message or ""), asking.warnings) if text)
        self.note(asked=drained.asked, failed=drained.failed, pending=drained.left)
        self.warn(message or None)
        yield {name: str(told) for name, told in {**drained._asdict(), "message": message}.items()}


def _keep(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise UsageError(f"keep={text!r}: write how many of the day's requests to reserve for interactive use")
    return int(text)
