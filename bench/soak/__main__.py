"""`python -m bench.soak`: runs every drill at full length, and writes tries and losses to bench/results.md."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import page
from bench.soak.drill import Drill, Effort, Tally
from tests.forked_process import pass_on_hang_ups

# In this order, because the last one searches the files of all others for the key.
DRILLS = (
    "kills",
    "shares",
    "guarantees",
    "store",
    "clocks",
    "network",
    "account",
    "inputs",
    "splunk",
    "exhausted",
    "endings",
    "owners",
    "at_once",
    "served",
    "both_faces",
    "secrets",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"the drills to run, some of {', '.join(DRILLS)} (default: all of them)"
    )
    parser.add_argument("--seed", type=int, default=20261123, help="another seed makes other tries")
    parser.add_argument("--quick", action="store_true", help="only the part that runs with the tests")
    given = parser.parse_args()
    pass_on_hang_ups()
    with tempfile.TemporaryDirectory(prefix="vt-faults-") as folder:
        # What stands in for a record that cannot be used is not this machine's user's.
        os.environ["XDG_RUNTIME_DIR"] = str(Path(folder) / "runtime")
        (Path(folder) / "runtime").mkdir(mode=0o700)
        effort = Effort(Path(folder), not given.quick, given.seed)
        tallies = list(_tried(given.names or DRILLS, effort))
    if not given.quick:
        (page.keep_again if given.names else page.keep)("faults", [vars(tally) for tally in tallies])
    return 1 if any(tally.lost or not tally.tried for tally in tallies) else 0


def _tried(names: list[str] | tuple[str, ...], effort: Effort) -> Iterator[Tally]:
    for name in names:
        began = time.monotonic()
        drill: Drill = importlib.import_module(f"bench.soak.{name}").tallies
        for tally in drill(effort):
            print(f"{tally.what}: tried {tally.tried:,}, lost {tally.lost:,} ({tally.lost_means})", flush=True)
            for loss in tally.losses:
                print(f"    {loss}", flush=True)
            yield tally
        print(f"-- {name}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
