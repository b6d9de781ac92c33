"""Builds all bundles, or those that are named, below dist/bundles/."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from package.spl.build_error import BuildError

from .manifest import read_manifest
from .platforms import builder, platforms

PROJECT = Path(__file__).resolve().parents[2]
OUT = PROJECT / "dist/bundles"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m package.bundles", description=__doc__)
    parser.add_argument(
        "platforms", nargs="*", metavar="PLATFORM", help=f"one of {', '.join(platforms())}; default: all"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="default: dist/bundles")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.platforms if name not in platforms()]
    if unknown:
        parser.error(f"there is no bundle for {', '.join(unknown)}; there are {', '.join(platforms())}")
    manifest = read_manifest()
    status = 0
    for name in given.platforms or platforms():
        out = given.out / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        try:
            print(f"{name}: {builder(name)(manifest, out)}")
            shutil.copy(PROJECT / "LICENSE", out / "LICENSE")
        except BuildError as error:
            print(f"{name}: not built: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
