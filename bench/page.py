"""Writes the last results (bench/results.json) as bench/results.md, a picture, and the README's figures."""

from __future__ import annotations

import json
import os
import platform
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from bench.claims import placed
from bench.figures import Figure
from bench.picture import draw

_HERE = Path(__file__).resolve().parent
_DATA = _HERE / "results.json"
_README = _HERE.parent / "README.md"
Part = Literal["figures", "faults"]
_MAKE = {"figures": "make bench", "faults": "make soak"}


def keep(part: Part, rows: list[dict[str, Any]], *, is_whole: bool = True) -> None:
    """Replace the earlier `rows` of that part (fields of `Figure`s or `Tally`s), and write the page again.

    `is_whole`: all rows are of this run.
    """
    data = json.loads(_DATA.read_text("utf-8")) if _DATA.exists() else {}
    data[part] = {"made": _made(part) + ("" if is_whole else " Some rows are of an earlier day."), "rows": rows}
    _DATA.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    figures = [Figure(**row) for row in data.get("figures", {}).get("rows", [])]
    (_HERE / "results.md").write_text(_page(data, figures), "utf-8")
    if figures:
        (_HERE / "ratios.svg").write_text(draw(figures), "utf-8")
    if {"figures", "faults"} <= set(data):
        _README.write_text(placed(_README.read_text("utf-8"), data), "utf-8")


def keep_again(part: Part, rows: list[dict[str, Any]]) -> None:
    """Like `keep`, for some rows of that part: rows about the same measurement are replaced, the others stay."""
    known = json.loads(_DATA.read_text("utf-8"))[part]["rows"] if _DATA.exists() else []
    newer = {_measured(row): row for row in rows}
    keep(part, [newer.pop(_measured(row), row) for row in known] + list(newer.values()), is_whole=False)


def _measured(row: dict[str, Any]) -> str:
    """What the row measures, without the numbers of that run."""
    return re.sub(r"[\d,]+ requests", "requests", row["what"])


def _made(part: Part) -> str:
    day = datetime.now(timezone.utc).date().isoformat()
    machine = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    return f"{day}, {machine}. `{_MAKE[part]}` makes it again."


def _page(data: dict[str, Any], figures: list[Figure]) -> str:
    lines = ["# Measured, and broken on purpose", ""]
    if figures:
        lines += [
            "## Measured",
            "",
            data["figures"]["made"],
            "",
            _ABOUT,
            "",
            "![each ratio beside its goal](ratios.svg)",
        ]
        lines += ["", "| what | ours | yardstick | ratio | goal | met |", "|---|---|---|---|---|---|"]
        lines += [_row(figure) for figure in figures] + [""]
        lines += [part for figure in figures if figure.note for part in (f"**{figure.what}**: {figure.note}", "")]
    if "faults" in data:
        lines += ["## Broken on purpose", "", data["faults"]["made"], ""]
        lines += ["| what was broken | tried | lost | what counts as lost |", "|---|---|---|---|"]
        lines += [
            f"| {row['what']} | {row['tried']:,} | {row['lost']:,} | {row['lost_means']} |"
            for row in data["faults"]["rows"]
        ] + [""]
    return "\n".join(lines)


_ABOUT = (
    "Each figure stands beside its yardstick from the same run: only ratios tell something on another machine. "
    "Medians of at least 5 where it is a time."
)


def _row(figure: Figure) -> str:
    met = "yes" if figure.is_met else "**no**"
    goal = f"{figure.bound} {figure.goal:g} x"
    return f"| {figure.what} | {figure.ours} | {figure.yardstick} | {figure.ratio:.2f} x | {goal} | {met} |"
