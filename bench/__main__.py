"""`python -m bench`: runs all measurements with their yardsticks, and writes bench/results.md."""

from __future__ import annotations

import argparse
import sys

from bench import (
    beside_vt_py,
    cached,
    detected_by,
    enriched,
    large_store,
    page,
    quota_record,
    quota_used,
    requests_made,
    search_speed,
    served,
    start,
)

MEASUREMENTS = {
    "search": search_speed.figures,
    "detected_by": detected_by.figures,
    "start": start.figures,
    "cached": cached.figures,
    "large_store": large_store.figures,
    "beside_vt_py": beside_vt_py.figures,
    "requests_made": requests_made.figures,
    "quota_used": quota_used.figures,
    "quota_record": quota_record.figures,
    "served": served.figures,
    "enrich": enriched.figures,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(MEASUREMENTS)}; default: all, and the page")
    parser.add_argument("--keep", action="store_true", help="put the rows of a part into the page; on an idle machine")
    given = parser.parse_args()
    names = given.names or list(MEASUREMENTS)
    found = []
    for name in names:
        for figure in MEASUREMENTS[name]():
            found.append(figure)
            print(f"{figure.what}: {figure.ours} : {figure.yardstick} = {figure.ratio:.2f}", flush=True)
    if len(names) == len(MEASUREMENTS):
        page.keep("figures", [vars(figure) for figure in found])
    elif given.keep:
        page.keep_again("figures", [vars(figure) for figure in found])
    return 0


if __name__ == "__main__":
    sys.exit(main())
