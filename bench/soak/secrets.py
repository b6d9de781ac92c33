"""The key is nowhere: not in what all drills have left behind, not in a core's objects, not on a command line.

Runs last. Alone it has at least what processes of its own leave on their worst days.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.soak import secrets_objects, secrets_processes
from bench.soak.drill import Effort, Tally
from bench.soak.network_harness import own_environment
from bench.soak.secrets_search import in_file


def tallies(effort: Effort) -> Iterator[Tally]:
    with own_environment():
        yield from secrets_processes.tallies(effort)
        yield from secrets_objects.tallies(effort)
    yield search(effort)


def search(effort: Effort) -> Tally:
    tally = Tally(
        "files the drills left (answers, logs, tracebacks, state), searched for the key: as text, base64, hex, "
        "UTF-16, percent, JSON escapes, within zlib, gzip and SQLite rows",
        "16 characters of the key in any of these forms",
    )
    for path in sorted(effort.folder.rglob("*")):
        if path.is_file():
            tally.count(*(f"{path.relative_to(effort.folder)}: as {form}" for form in in_file(path)))
    return tally
