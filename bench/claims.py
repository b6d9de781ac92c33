"""The README's figures, which all come from bench/results.json. Pure."""

from __future__ import annotations

from typing import Any

BEGIN, END = "<!-- measured by make bench and make soak -->", "<!-- measured -->"
_PASSES_ON = "a `splunk-sdk` command that only passes events through"


def block(data: dict[str, Any]) -> str:
    """The text between the two marks."""
    figures = {row["what"]: row for row in data["figures"]["rows"]}
    faults = data["faults"]["rows"]
    speed = _range(figures, "`vtlookup`, 100,000 events, full fields, Python 3.", "ratio", ends_with_python=True)
    memory = _range(figures, "`vtlookup`, 100,000 events, full fields, Python 3.", "ratio", ends_with_python=False)
    same = _one(figures, "requests of 16 processes that look up the same")
    granted = _one(figures, "requests granted in")
    refused = _one(figures, "of these refused")
    served = _one(figures, "cached answers over HTTP with 16 clients")
    tried, lost = sum(row["tried"] for row in faults), sum(row["lost"] for row in faults)
    kills = sum(row["tried"] for row in faults if row["what"].startswith("kill -9"))
    rows = [
        ("`vtlookup`, 100,000 events, warm cache", f"{speed} times the events/s of {_PASSES_ON}, "
         f"{memory} times its memory"),
        ("16 processes look up the same 1,000 hashes", f"{same['ours']} requests"),
        ("16 processes share 10 requests per 20 s, for ten such windows", f"{granted['ours']} of the "
         f"{granted['yardstick']} possible requests sent, {refused['ours']} refused by the server"),
        ("`vtaction serve`, 16 clients, warm cache", f"{served['ratio']:.2f} times the answers/s of a bare `waitress` "
         "application that sends the same bytes"),
        (f"{tried:,} injected faults, {kills} of them killed processes", f"{lost:,} losses"),
    ]  # fmt: skip
    table = ["| measured | |", "|---|---|", *(f"| {what} | {told} |" for what, told in rows)]
    return "\n".join([BEGIN, "", *table, "", END])


def placed(text: str, data: dict[str, Any]) -> str:
    """`text` with the current block in place of the old one."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + block(data) + after


def _one(figures: dict[str, dict[str, Any]], begins: str) -> dict[str, Any]:
    return next(row for what, row in figures.items() if what.startswith(begins))


def _range(figures: dict[str, dict[str, Any]], begins: str, name: str, *, ends_with_python: bool) -> str:
    """The range over the versions of Python."""
    found = [
        row[name] for what, row in figures.items() if what.startswith(begins) and what[-1].isdigit() is ends_with_python
    ]
    low, high = f"{min(found):.1f}", f"{max(found):.1f}"
    if max(found) < 1:
        low, high = f"{min(found):.2f}", f"{max(found):.2f}"
    return low if low == high else f"{low} to {high}"
