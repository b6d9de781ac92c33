"""`make release` writes all files of a release to dist/release: `python -m package.release --help`.

| file | content |
|---|---|
| `vt_connectors-<version>-py3-none-any.whl` | the Python package |
| `vt_connectors-<version>.tar.gz` | the sources with documentation, changelog and tests |
| `vtlookup-<version>.spl` | the Splunk app |
| `*.cdx.json` | bills of materials of the package and the app, in CycloneDX |
| `THIRD_PARTY_LICENSES.txt` | the licences of the libraries in the Splunk app |
| `bundle-<platform>-<version>.tar.gz` | what `make bundles` writes for each SOAR platform |
| `SHA256SUMS` | a checksum of each file, for `sha256sum --check` |
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from package.release.distributions import build_distributions
from package.release.source import copy_sources, source_date, uncommitted
from package.spl.app_tree import read_version
from package.spl.archive import write_archive
from package.spl.build_error import BuildError
from package.spl.build_spl import CACHE, PROJECT, build
from package.spl.vendoring import sha256_of
from package.tool_environment import RELEASE, run

CHECKSUMS = "SHA256SUMS"
LICENCES = "THIRD_PARTY_LICENSES.txt"
_LINE = "=" * 78

Report = Callable[[str], None]


def release(project: Path, out: Path, *, dirty: bool = False, report: Report = print) -> list[Path]:
    """Build all files into `out`, which is emptied first, and return them. Raises `BuildError` if one cannot be built,
    or if `project` has changes that are not in a commit and `dirty` is false.
    """
    changed = uncommitted(project)
    if changed and not dirty:
        raise BuildError(
            "changes are not in a commit, so the build could not be reproduced:\n" + "\n".join(changed[:10])
        )
    date, tools = source_date(project, os.environ), RELEASE.install()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="vt-release-") as folder:
        sources = Path(folder) / "sources"
        copy_sources(project, sources)
        spl = build(out, project=sources, report=report)
        report("  wheel and sdist")
        build_distributions(sources, out, tools, date)
    report("  bills of materials, licences, bundles, checksums")
    run([str(tools), "-m", "package.release.sbom", str(out), str(CACHE), str(date)], cwd=PROJECT)
    (out / LICENCES).write_text(third_party_licences(spl), "utf-8")
    _add_bundles(out, read_version(project), date)
    files = sorted(out.iterdir())
    (out / CHECKSUMS).write_text("".join(f"{sha256_of(path)}  {path.name}\n" for path in files), "utf-8")
    return sorted(out.iterdir())


def third_party_licences(spl: Path) -> str:
    """The licence texts in the app, each below the name of its library and the Python that it is for."""
    with tarfile.open(spl) as app:
        return "\n".join(f"{_LINE}\n{title}\n{_LINE}\n\n{text}" for title, text in _licences(app))


def _licences(app: tarfile.TarFile) -> Iterator[tuple[str, str]]:
    for member in app:
        path = Path(member.name)
        content = app.extractfile(member) if member.isfile() else None
        if content is not None and path.parent.name == "licenses" and path.suffix == ".txt":
            place = path.parent.parent.relative_to("vtlookup").as_posix()
            yield f"{path.stem} (in {place})", content.read().decode("utf-8")


def _add_bundles(out: Path, version: str, date: int) -> None:
    """An archive for each platform, with what `make bundles` writes to its folder in dist/bundles/."""
    with tempfile.TemporaryDirectory(prefix="vt-bundles-") as folder:
        run([sys.executable, "-m", "package.bundles", "--out", folder], cwd=PROJECT)
        for bundle in sorted(Path(folder).iterdir()):
            write_archive(bundle, out / f"bundle-{bundle.name}-{version}.tar.gz", date)


def main() -> int:
    """Parse the command line, build, and print the files. Returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m package.release", description="Build all files of a release.")
    parser.add_argument("--out", type=Path, default=PROJECT / "dist/release", help="the folder, which is emptied first")
    parser.add_argument("--dirty", action="store_true", help="also if there are changes that are not in a commit")
    options = parser.parse_args()
    try:
        files = release(PROJECT, options.out, dirty=options.dirty)
    except BuildError as error:
        print(f"not built: {error}", file=sys.stderr)
        return 1
    for path in files:
        print(f"  {path.stat().st_size // 1024:>6} KB  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
