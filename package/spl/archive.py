"""Writes a folder as a reproducible tar.gz, whose bytes depend only on the files and the version, and unpacks it."""

from __future__ import annotations

import gzip
import re
import tarfile
from pathlib import Path

# The last percent of the size would cost three times the time.
LEVEL = 6
_EPOCH = 1_704_067_200  # 2024-01-01 UTC
_MINUTE = 60


def mtime_of(version: str) -> int:
    """The timestamp of all files of a version: fixed, and later than that of any earlier version.

    Python uses a cached .pyc if the source's size and timestamp match. With the same timestamp for all
    versions, Python would run the old code of a file that changed but kept its size.
    """
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return _EPOCH + _MINUTE * (major * 10_000 + minor * 100 + patch)


def write_archive(folder: Path, target: Path, mtime: int) -> None:
    """Write `folder`, as the archive's only top folder, to `target` (a gzipped tar)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed:
        _write_tar(folder, packed, mtime)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar file of our own. Where Python can, it refuses members outside `folder` and devices."""
    with tarfile.open(archive) as tar:
        # Python 3.9 has it from 3.9.17 on; 3.12 and 3.13 warn if nothing is chosen.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)  # noqa: S202  # the filter is chosen above


def _write_tar(folder: Path, target: gzip.GzipFile, mtime: int) -> None:
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in [folder, *sorted(folder.rglob("*"))]:
            info = _describe(path, path.relative_to(folder.parent).as_posix(), mtime)
            if path.is_dir():
                tar.addfile(info)
            else:
                with path.open("rb") as content:
                    tar.addfile(info, content)


def _describe(path: Path, name: str, mtime: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mtime = mtime
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    if path.is_dir():
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info.size, info.mode = path.stat().st_size, 0o644
    return info
