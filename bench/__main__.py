"""`python -m bench`: every measurement, each beside its yardstick, into bench/results.md."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from bench import beside_vt_py, cached, large_store, quota_used, requests_made, search_speed, start
from bench.figures import markdown

MEASUREMENTS = {
    "search": search_speed.figures,
    "start": start.figures,
    "cached": cached.figures,
    "large_store": large_store.figures,
    "beside_vt_py": beside_vt_py.figures,
    "requests_made": requests_made.figures,
    "quota_used": quota_used.figures,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(MEASUREMENTS)}; all, and the page, without")
    names = parser.parse_args().names or list(MEASUREMENTS)
    found = []
    for name in names:
        for figure in MEASUREMENTS[name]():
            found.append(figure)
            print(f"{figure.what}: {figure.ours} : {figure.yardstick} = {figure.ratio:.2f}", flush=True)
    about = (
        f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores. `make bench` makes it again."
    )
    if len(names) == len(MEASUREMENTS):
        (Path(__file__).parent / "results.md").write_text(markdown(found, about), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
