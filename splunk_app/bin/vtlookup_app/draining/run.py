"""One drain, by the core that `| vtlookup` has: same settings, same key, same state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.clock import SystemClock
from connectors.drain import Spend

from ..heard_warnings import HeardWarnings
from ..start import make_core
from ..stopping import Stopping
from .options import DrainOptions


def drain(
    app: Path, options: DrainOptions, searchinfo: Any, environment: Mapping[str, str], stopping: Stopping
) -> dict[str, Any]:
    """The result row. `message` is what the search's user should know; empty where all went well."""
    warnings = HeardWarnings()
    clock = SystemClock()
    stopping.tell(clock.cancel)
    core = make_core(app, searchinfo, environment, clock)
    drained = core.drain(Spend(options.keep, options.wait_s, lambda: clock.cancelled))
    told = [] if drained.message is None else [drained.message]
    return {**drained._asdict(), "message": "; ".join([*told, *warnings.texts])}
