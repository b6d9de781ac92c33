"""The core for commands that want more of it than lookups."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from connectors.clock import SystemClock
from connectors.core import Core, Misconfigured

from ..heard_warnings import HeardWarnings
from ..start import core_for
from ..tally import advised
from .base import APP, Generating, Refused


class Asking:
    """`answer(request)` as the core gives it; `warnings` are what it said besides."""

    def __init__(self, command: Generating) -> None:
        self._heard = HeardWarnings()
        command.log.hear_the_core()
        clock = SystemClock()
        command.stopping.tell(clock.cancel)
        self.core: Core | Misconfigured = core_for(APP, command.searchinfo, os.environ, clock)

    @property
    def warnings(self) -> str | None:
        return "; ".join(self._heard.texts) or None

    def ready(self) -> Core:
        """Raises `Refused` with what is wrong with the settings."""
        if isinstance(self.core, Misconfigured):
            raise _refused(self.core.answer({"action": "quota", "params": {}}))
        return self.core

    def data(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """What came of a request. Raises `Refused` where that is an error."""
        response = self.core.answer(document)
        if response["error"] is not None:
            raise _refused(response)
        found: Mapping[str, Any] = response["data"]
        return found


def _refused(response: Mapping[str, Any]) -> Refused:
    return Refused(response["error"]["code"], advised(response["error"]))
