"""Builds the wheel and the sdist with setuptools, so that the same sources give the same bytes."""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
from pathlib import Path

from package.spl.archive import LEVEL, unpack
from package.tool_environment import run


def build_distributions(sources: Path, out: Path, tools: Path, date: int) -> list[Path]:
    """Build the sdist, and from it the wheel, and return both. `sources` is a copy, because setuptools writes to it;
    `tools` is the Python of .venv-release. Raises `BuildError` if it fails, or if an index would refuse the metadata.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        # Not compressed, because it is written again.
        _build(tools, sources, made, ("sdist", "--formats=tar"), date)
        [sdist] = made.glob("*.tar")
        target = out / f"{sdist.name}.gz"
        repack(sdist, target, date)
        _build(tools, _unpacked(target, made), out, ("bdist_wheel",), date)
    [wheel] = out.glob("*.whl")
    run([str(tools), "-m", "twine", "check", "--strict", str(wheel), str(target)])
    return [wheel, target]


def _build(tools: Path, sources: Path, out: Path, what: tuple[str, ...], date: int) -> None:
    """Have setuptools do this itself: all that it needs is in .venv-release, so nothing has to be looked for first."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(date), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    command = [str(tools), "setup.py", "--quiet", *what, "--dist-dir", str(out.absolute())]
    # The modes of files that setuptools writes are in the wheel.
    run(command, cwd=sources, env=environment, umask=0o022)


def _unpacked(sdist: Path, parent: Path) -> Path:
    unpack(sdist, parent)
    return parent / sdist.name.removesuffix(".tar.gz")


def repack(sdist: Path, target: Path, date: int) -> None:
    """Write an sdist again without the times, users and modes of the machine: setuptools keeps them."""
    with (
        tarfile.open(sdist) as source,
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", LEVEL, raw, mtime=date) as packed,
    ):
        _write(source, packed, date)


def _write(source: tarfile.TarFile, packed: gzip.GzipFile, date: int) -> None:
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in sorted(source.getmembers(), key=lambda member: member.name):
            member.mtime, member.pax_headers = date, {}
            member.uid = member.gid = 0
            member.uname = member.gname = "root"
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            archive.addfile(member, source.extractfile(member) if member.isfile() else None)
