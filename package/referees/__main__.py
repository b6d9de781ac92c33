"""Installs the referees: `python -m package.referees [--large] [NAME ...]`. Tests skip those that are not installed."""

from __future__ import annotations

import argparse
import sys
import time

from package.spl.build_error import BuildError

from .list import referees


def main() -> int:
    """Always 0: a registry may refuse, and then the tests of that referee are skipped with this reason."""
    parser = argparse.ArgumentParser(prog="python -m package.referees", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--large", action="store_true", help="also those that take minutes to install")
    given = parser.parse_args()
    for one in referees():
        if one.name in given.names or (not given.names and (given.large or not one.is_large)):
            began = time.monotonic()
            try:
                one.install()
                print(f"{one.name}: {' '.join(one.requirements)} ({time.monotonic() - began:.0f} s)")
            except BuildError as error:
                print(f"{one.name} is not available, its tests are skipped: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
