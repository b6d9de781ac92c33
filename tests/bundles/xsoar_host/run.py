"""`run.py INTEGRATION.py < calls.json`: runs commands as XSOAR would, and prints the entries that each returned."""

from __future__ import annotations

import contextlib
import json
import runpy
import sys

import demistomock


def main() -> None:
    calls = json.load(sys.stdin)
    answers = []
    for call in calls:
        demistomock.given = call
        demistomock.returned = []
        # XSOAR's function for errors ends the process.
        with contextlib.suppress(SystemExit):
            runpy.run_path(sys.argv[1], run_name="__main__")
        answers.append(demistomock.returned)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
