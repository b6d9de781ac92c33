"""`vtaction cache`: lists, clears and counts cached answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from ...clock import SystemClock, iso
from ...contract import MALFORMED, OK
from ...core import Core
from ...redaction import redacted
from ..core_from_environment import core_from, remember_keys


def run_cache_command(
    operation: str, environment: Mapping[str, str], clock: SystemClock, *, limit: int, as_json: bool
) -> int:
    """Run the operation. Returns the exit status."""
    core = core_from(environment, clock)
    if not isinstance(core, Core):
        sys.stderr.write(f"error: {core.error.message}\n")
        return MALFORMED
    cache = core.cache
    if operation == "clear":
        tell({"cleared": cache.clear()}, as_json)
    elif operation == "stats":
        pending = core.pending.stats()
        queue = {f"pending_{name}": pending[name] for name in ("refused", "most")}
        remember_keys(environment)
        tell(redacted({**cache.stats(), "pending": pending["entries"], **queue}), as_json)
    else:
        now = clock.now()
        for key, status, fetched_at in cache.listed(limit):
            row = {"key": key, "status": status, "fetched_at": iso(fetched_at), "age_s": max(0, int(now - fetched_at))}
            sys.stdout.write((json.dumps(row) if as_json else f"{row['age_s']:>8} s  {status:<9}  {key}") + "\n")
    return OK


def tell(facts: dict[str, Any], as_json: bool) -> None:
    """Print as a line of JSON, or for people."""
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
    else:
        sys.stdout.writelines(f"{name}: {'-' if value is None else value}\n" for name, value in facts.items())
