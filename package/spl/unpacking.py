"""Unpacks importable files and licences from wheels and sdists into the app's `lib/`."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from package.spl.build_error import BuildError
from package.spl.forbidden_content import is_unwanted

# The only import package that we take from an sdist; the other files are for building and documentation.
SDIST_PACKAGES = ("splunklib",)

# The SDK's tools for language models: they are not used here, and need libraries that the app does not have. Of the
# Public Suffix List's package only the list is used: code that downloads a newer one must not be in the app.
UNUSED = (
    "splunklib/ai",
    "publicsuffixlist/update.py",
    "publicsuffixlist/test.py",
    "publicsuffixlist/test_psl.txt",
)

# Release 3 of the SDK reads its version from its metadata for each request.
ASKS_ITS_METADATA = "splunk_sdk"

# This sdist has no licence file. Its sources say Apache-2.0; another library has that text.
LICENCE_TEXT_FROM = {"splunk-sdk": "deprecation"}

_LICENCE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE)[^/]*", re.IGNORECASE)

Member = tuple[PurePosixPath, bytes]


def unpack(files: Mapping[str, Path], lib: Path) -> None:
    """Unpack the import packages of `files` (name to wheel or sdist) to `lib`, and licences to `lib/licenses`.

    Does nothing without files.
    """
    licences: dict[str, str] = {}
    for name, path in sorted(files.items()):
        members = list(_members(path))
        for inner, content in members:
            if _is_importable(inner) or _is_needed_metadata(inner):
                _write(lib / inner, content)
        licences[name] = _licence_text(members)
    for name in sorted(files):
        text = licences[name] or licences.get(LICENCE_TEXT_FROM.get(name, ""), "")
        if not text:
            raise BuildError(f"{files[name].name} has no licence text")
        _write(lib / "licenses" / f"{name}.txt", text.encode("utf-8"))


def _members(path: Path) -> Iterator[Member]:
    members = _wheel_members(path) if path.suffix == ".whl" else _sdist_members(path)
    for inner, content in members:
        if inner.is_absolute() or ".." in inner.parts:
            raise BuildError(f"{path.name} contains a path outside of the archive: {inner}")
        yield inner, content


def _wheel_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as wheel:
        for info in wheel.infolist():
            if not info.is_dir():
                yield PurePosixPath(info.filename), wheel.read(info)


def _sdist_members(path: Path) -> Iterator[Member]:
    """The import packages and licence files of an sdist, with the names that they have in a wheel."""
    with tarfile.open(path) as sdist:
        for info in sdist:
            inner = PurePosixPath(*PurePosixPath(info.name).parts[1:])
            source = sdist.extractfile(info) if info.isfile() else None
            if source is None:
                continue
            if inner.parts[0] in SDIST_PACKAGES:
                yield inner, source.read()
            elif len(inner.parts) == 1 and _LICENCE.fullmatch(inner.name):
                yield PurePosixPath("sdist.dist-info", inner.name), source.read()


def _is_importable(inner: PurePosixPath) -> bool:
    top = inner.parts[0]
    path = inner.as_posix()
    is_unused = path in UNUSED or path.startswith(tuple(f"{folder}/" for folder in UNUSED))
    return not (top.endswith((".dist-info", ".data")) or top == "bin" or is_unused or is_unwanted(inner))


def _is_needed_metadata(inner: PurePosixPath) -> bool:
    folder, name = inner.parts[0], inner.name
    return folder.startswith(f"{ASKS_ITS_METADATA}-") and folder.endswith(".dist-info") and name == "METADATA"


def _licence_text(members: list[Member]) -> str:
    texts = [content.decode("utf-8").strip("\n") for inner, content in members if _is_licence(inner)]
    return "\n\n".join(texts) + "\n" if texts else ""


def _is_licence(inner: PurePosixPath) -> bool:
    return inner.parts[0].endswith(".dist-info") and _LICENCE.fullmatch(inner.name) is not None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
