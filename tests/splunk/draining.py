"""Run the installed `| vtdrain`, and read its output."""

from __future__ import annotations

from typing import Any

from package.splunkd_driver.driver import Record, SearchResult

from .searching import Lookup

COUNTS = ["asked", "answered", "not_found", "failed", "dropped", "left"]


def drain(lookup: Lookup, *args: str, **searchinfo: Any) -> SearchResult:
    """`| vtdrain` in the place, and with the settings, of the search command `lookup`."""
    return lookup.command("vtdrain")([], *args, **searchinfo)


def row(result: SearchResult) -> Record:
    """The only one there is, of a search that went through to its end."""
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")
    [record] = result.records
    assert list(record) == [*COUNTS, "message"]
    return record


def counts(result: SearchResult) -> dict[str, int]:
    return {name: int(str(row(result)[name])) for name in COUNTS}
