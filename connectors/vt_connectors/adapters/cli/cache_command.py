"""`vtaction cache`: lists, clears and counts cached answers."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...actions.cache_listing import CachedRow, Listed
from ...clock import SystemClock, iso
from ...contract import MALFORMED, OK
from ...core import Core
from ...redaction import redacted
from ..core_from_environment import core_from, remember_keys
from .logs import complain
from .output.formats import add_format, chosen_format, print_json

if TYPE_CHECKING:
    from .output.sheet import Sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("operation", choices=("list", "clear", "stats"), metavar="list|clear|stats")
    parser.add_argument("--limit", type=_limit, default=50, metavar="N", help="how many to list (default 50)")
    add_format(parser)


def _limit(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def run_cache_command(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock) -> int:
    """Run the operation. Returns the exit status."""
    operation, chosen = options.operation, chosen_format(options)
    as_json = chosen in ("json", "ndjson")
    core = core_from(environment, clock)
    if not isinstance(core, Core):
        complain(f"error: {core.error.message}")
        return MALFORMED
    cache = core.cache
    if operation == "clear":
        tell({"cleared": cache.clear()}, as_json)
    elif operation == "stats":
        pending = core.pending.stats()
        queue = {f"pending_{name}": pending[name] for name in ("refused", "most")}
        remember_keys(environment)
        tell(redacted({**cache.stats(), "pending": pending["entries"], **queue}), as_json)
    elif as_json:
        print_json([_row(row, clock.now()) for row in cache.listed(options.limit)], chosen)
    else:
        from .output.responses import show_sheet

        show_sheet(_sheet(cache.newest(options.limit), is_exact=chosen != "table"), chosen)
    return OK


def _row(row: Listed, now: float) -> dict[str, Any]:
    found: dict[str, Any] = {"key": row.key, "status": row.status, "fetched_at": iso(row.fetched_at)}
    found |= {"age_s": max(0, int(now - row.fetched_at)), "type": row.kind, "indicator": row.indicator}
    return {**found, "verdict": row.verdict}


def _sheet(rows: list[CachedRow], *, is_exact: bool) -> Sheet:
    """The answers of the configured server. `is_exact`: ages are seconds."""
    from .output.sheet import VERDICT_STYLES, Sheet, cell
    from .output.verdict_sheet import span

    cells = [
        (
            cell(row.indicator),
            cell(row.kind),
            cell(row.verdict or row.status, VERDICT_STYLES.get(row.verdict or "", "")),
            cell(f"{row.malicious}/{row.total}" if row.total else ""),
            cell(row.age_s if is_exact else span(row.age_s)),
            cell(iso(row.fetched_at)),
        )
        for row in rows
    ]
    return Sheet(("indicator", "type", "verdict", "engines", "age", "fetched (UTC)"), cells)


def tell(facts: dict[str, Any], as_json: bool) -> None:
    """Print as a line of JSON, or for people."""
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
    else:
        sys.stdout.writelines(f"{name}: {'-' if value is None else value}\n" for name, value in facts.items())
