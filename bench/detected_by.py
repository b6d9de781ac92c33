"""What the field `vt_detected_by` costs `| vtlookup`: the same search with and without it, in turns, in one run.

The command always adds this field, so the search without it runs a copy of the app that does not know it. Processor
time counts, because other load on the machine changes the elapsed time by more than the field does.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.figures import Figure
from bench.search_events import bodies
from bench.search_runs import Command, run
from bench.search_speed import installed, with_filled_cache
from package.spl.interpreters import find_python

GOAL = 0.9
# In the app's folder: a file, and what is replaced there by what.
_REPLACED = (
    ("bin/vtlookup_app/result_fields.py", '    "detected_by",\n', ""),
    ("bin/vtlookup_app/result_fields.py", 'LISTS = ("detected_by", ', 'LISTS = ("", '),
    (
        "lib/vt_connectors/verdict/rule.py",
        "engines = detected_by(opinions, rules.ignored) if names_detections(report) else None",
        "engines = None",
    ),
)


class Speeds(NamedTuple):
    """Events per second of processor time, of one pair of runs."""

    having: float
    without: float


def figures() -> list[Figure]:
    """One figure for each version of Python, and for full and selected fields."""
    return list(measured())


def measured(
    rounds: int = 7, events: int = 100_000, chunk: int = 50_000, versions: Sequence[str] = ("3.9", "3.13")
) -> Iterator[Figure]:
    """`rounds`: pairs of runs for each figure. `chunk`: events in a chunk. Unknown `versions` are left out."""
    found = {version: python for version in versions if (python := find_python(version)) is not None}
    with installed() as (command, _):
        app = command.script.parent.parent
        copy = without_the_field(app, app.parent.parent / "apps-without-the-field" / app.name)
        command = with_filled_cache(command, next(iter(found.values())))
        other = dataclasses.replace(command, script=copy / command.script.relative_to(app))
        for version, python in found.items():
            for mode in ("full", "selected"):
                sent = list(bodies(events, chunk, selected=mode == "selected"))
                pairs = list(_pairs(command.on(python), other.on(python), sent, rounds, events))
                yield _figure(f"{mode} fields, Python {version}", pairs)


def without_the_field(app: Path, copy: Path) -> Path:
    """A copy of the app, in the folder `copy`, that does not add the field."""
    shutil.copytree(app, copy)
    for name, text, instead in _REPLACED:
        source = (copy / name).read_text("utf-8")
        assert source.count(text) == 1, f"{name} has changed: {text!r}"
        (copy / name).write_text(source.replace(text, instead), "utf-8")
    return copy


def _pairs(having: Command, without: Command, sent: Sequence[bytes], rounds: int, events: int) -> Iterator[Speeds]:
    """Each is the first of a pair half of the time."""
    for number in range(rounds):
        both = [having, without] if number % 2 == 0 else [without, having]
        speed = {command.script: events / run(command, sent).cpu_s for command in both}
        yield Speeds(speed[having.script], speed[without.script])


def _figure(how: str, pairs: Sequence[Speeds]) -> Figure:
    having, without = median(pair.having for pair in pairs), median(pair.without for pair in pairs)
    ratio = round(median(pair.having / pair.without for pair in pairs), 3)
    what = f"`vtlookup` with `vt_detected_by`, beside the same without it, processor time, {how}"
    return Figure(what, f"{having:,.0f} events/s", f"{without:,.0f} events/s", ratio, "at least", GOAL)
