"""The speed of `| vtlookup`, compared to an SDK command that only passes events on, in the same run.

    python -m bench.search_speed --rounds 5 --python 3.9 3.13

prints one JSON object: medians, and ratios of ours to the yardstick. It needs only the requirements for building the
app. The sandbox takes the place of VirusTotal; it is only used to fill the cache.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import Figure
from bench.search_events import DISTINCT, bodies, distinct_body
from bench.search_runs import (
    Command,
    Run,
    libraries_of,
    run,
    seconds_to_getinfo,
    seconds_to_import,
)
from package.spl.archive import unpack
from package.spl.build_spl import build
from package.spl.interpreters import find_python
from vt_connectors.sandbox import Quota, SandboxServer

PROJECT = Path(__file__).resolve().parent.parent
# The goals, as multiples of the yardstick: at least for events per second, at most for the others.
GOALS = {"full.speed": 2.0, "selected.speed": 1.5, "full.memory": 0.7, "selected.memory": 0.7, "getinfo": 1.3}
YARDSTICK = """
import sys
from splunklib.searchcommands import Configuration, StreamingCommand, dispatch

@Configuration(distributed=False)
class Yardstick(StreamingCommand):
    def stream(self, records):
        return records

dispatch(Yardstick, sys.argv, sys.stdin, sys.stdout, __name__)
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each; the median counts")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=50_000, help="events in a chunk")
    parser.add_argument("--python", nargs="+", default=["3.9", "3.13"], help="versions of Splunk's Python")
    given = parser.parse_args()
    json.dump(measure(given.rounds, given.events, given.chunk, given.python), sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def figures() -> list[Figure]:
    """The figures for the page: one for each goal and version of Python."""
    found = measure()
    lines: list[Figure] = []
    for version, told in found["python"].items():
        for mode in ("full", "selected"):
            ours, theirs, ratio = told[mode]["ours"], told[mode]["yardstick"], told[mode]["ratio"]
            name = f"`vtlookup`, {found['events']:,} events, {mode} fields, Python {version}"
            rates = f"{ours['events_per_s']:,.0f} events/s", f"{theirs['events_per_s']:,.0f} events/s"
            room = f"{ours['peak_mb']:.0f} MB", f"{theirs['peak_mb']:.0f} MB"
            lines.append(Figure(name, *rates, ratio["speed"], "at least", GOALS[f"{mode}.speed"]))
            lines.append(Figure(f"{name}: peak memory", *room, ratio["memory"], "at most", GOALS[f"{mode}.memory"]))
        start = told["getinfo"]
        times = f"{start['ours_ms']:.0f} ms", f"{start['import_splunklib_ms']:.0f} ms"
        what = f"start to the answer of `getinfo`, beside importing the SDK, Python {version}"
        lines.append(Figure(what, *times, start["ratio"], "at most", GOALS["getinfo"]))
    return lines


def measure(
    rounds: int = 5, events: int = 100_000, chunk: int = 50_000, versions: Sequence[str] = ("3.9", "3.13")
) -> dict[str, Any]:
    """The figures by version of Python, and the goals."""
    found = {version: find_python(version) for version in versions}
    with installed() as (ours, yardstick):
        ours = with_filled_cache(ours, next(filter(None, found.values())))
        figures = {
            version: _measure(ours.on(python), _with_sdk(yardstick.on(python), ours), rounds, events, chunk)
            for version, python in found.items()
            if python is not None
        }
    return {"goals": GOALS, "events": events, "chunk": chunk, "rounds": rounds, "python": figures}


@contextmanager
def installed() -> Iterator[tuple[Command, Command]]:
    """Our command, unpacked like Splunk does it, and the yardstick with the same SDK."""
    with tempfile.TemporaryDirectory(prefix="vtlookup-bench-") as folder:
        apps = Path(folder) / "etc/apps"
        unpack(build(Path(folder), report=lambda _: None), apps)
        app = apps / "vtlookup"
        script = Path(folder) / "yardstick.py"
        script.write_text(YARDSTICK, "utf-8")
        environment = {
            "SPLUNK_HOME": folder,
            "VT_API_KEY": "sandbox",
            "VT_QUOTA": "none",
            "VT_CACHE_TTL_NOT_FOUND": "86400",
        }
        yield Command(app / "bin/vtlookup.py", ("hash=md5",), environment), Command(script, (), environment)


def _with_sdk(yardstick: Command, ours: Command) -> Command:
    """The yardstick with the app's libraries for its Python."""
    return yardstick.set(PYTHONPATH=libraries_of(ours.script.parent.parent, yardstick.python))


def with_filled_cache(ours: Command, python: str) -> Command:
    """Our command with a filled cache. Cached answers belong to their server, so its URL stays set, but is not used."""
    with SandboxServer(Quota.unlimited()) as server:
        there = ours.set(VT_API_URL=server.url)
        run(there.on(python), [distinct_body()])
        assert len(server.requests) == DISTINCT, len(server.requests)
    return there


def _measure(ours: Command, yardstick: Command, rounds: int, events: int, chunk: int) -> dict[str, Any]:
    """Runs both in turns, so that other load on the machine affects both."""
    result: dict[str, Any] = {}
    for mode in ("full", "selected"):
        sent = list(bodies(events, chunk, selected=mode == "selected"))
        pairs = [(run(ours, sent), run(yardstick, sent)) for _ in range(rounds)]
        result[mode] = _compared([own for own, _ in pairs], [other for _, other in pairs], events)
    starts = [(seconds_to_getinfo(ours), seconds_to_import(yardstick)) for _ in range(max(rounds, 5) * 3)]
    own, other = median(pair[0] for pair in starts), median(pair[1] for pair in starts)
    result["getinfo"] = {
        "ours_ms": round(own * 1000, 1),
        "import_splunklib_ms": round(other * 1000, 1),
        "ratio": round(own / other, 2),
    }
    return result


def _compared(own: Sequence[Run], other: Sequence[Run], events: int) -> dict[str, Any]:
    mine, theirs = _medians(own, events), _medians(other, events)
    ratios = {
        "speed": round(mine["events_per_s"] / theirs["events_per_s"], 2),
        "speed_with_start": round(theirs["whole_s"] / mine["whole_s"], 2),
        "memory": round(mine["peak_mb"] / theirs["peak_mb"], 2),
    }
    return {"ours": mine, "yardstick": theirs, "ratio": ratios}


def _medians(runs: Sequence[Run], events: int) -> Mapping[str, float]:
    """Events per second from the first chunk on, including the time for late imports, such as the core."""
    return {
        "events_per_s": round(events / median(run.execute_s for run in runs)),
        "whole_s": round(median(run.whole_s for run in runs), 3),
        "peak_mb": round(median(run.peak_mb for run in runs), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
