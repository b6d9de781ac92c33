"""Downloads the pinned libraries into a cache. There is one list for each of Splunk's Pythons."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from package.spl.build_error import BuildError

_LIST_NAME = re.compile(r"vendor-(?P<python>3\.\d+)\.txt")
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})+)")


@dataclass(frozen=True)
class Pin:
    """One version of a library; its file must have one of the hashes in `sha256s`."""

    name: str
    version: str
    sha256s: frozenset[str]


@dataclass(frozen=True)
class VendorList:
    """A requirements file with the libraries for one Python.

    `options` are its lines with pip options, which allow sdists for some libraries.
    """

    path: Path
    python: str
    pins: tuple[Pin, ...]
    options: tuple[str, ...] = ()


def read_lists(folder: Path) -> list[VendorList]:
    """The lists `vendor-<python>.txt` in `folder`. Raises `BuildError` if there is none, or like `read_list`."""
    paths = sorted(path for path in folder.iterdir() if _LIST_NAME.fullmatch(path.name))
    if not paths:
        raise BuildError(f"{folder.name}/ has no vendor-<python>.txt")
    return [read_list(path) for path in paths]


def read_list(path: Path) -> VendorList:
    """One list. Raises `BuildError` unless every requirement has a version and a hash."""
    named = _LIST_NAME.fullmatch(path.name)
    if named is None:
        raise BuildError(f"{path.name} is not named vendor-<python>.txt")
    lines = [line.strip() for line in path.read_text("utf-8").replace("\\\n", " ").splitlines()]
    options = tuple(line for line in lines if line.startswith("--"))
    pins = tuple(_read_pin(line, path) for line in lines if line and not line.startswith(("#", "--")))
    return VendorList(path, named["python"], pins, options)


def _read_pin(line: str, requirements: Path) -> Pin:
    match = _PIN.fullmatch(line)
    if match is None:
        raise BuildError(f"{requirements.name}: needs name==version and a sha256 hash: {line}")
    hashes = frozenset(re.findall(r"sha256:([0-9a-f]{64})", match["hashes"]))
    return Pin(match["name"], match["version"], hashes)


def find_cached(pins: Sequence[Pin], cache: Path) -> dict[str, Path]:
    """The files in `cache` that match a pin's hash, by the pin's name."""
    files = sorted(path for path in cache.glob("*") if path.is_file())
    by_hash = {sha256_of(path): path for path in files}
    found = {pin.name: by_hash[digest] for pin in pins for digest in pin.sha256s if digest in by_hash}
    return dict(sorted(found.items()))


def fetch(libraries: VendorList, cache: Path, python: str) -> dict[str, Path]:
    """The file for each pin, by name; the pip of `python` downloads them if the cache is incomplete."""
    pins = libraries.pins
    if len(find_cached(pins, cache)) < len(pins):
        _download(libraries, cache, python)
    found = find_cached(pins, cache)
    missing = [pin.name for pin in pins if pin.name not in found]
    if missing:
        raise BuildError(f"pip did not download {', '.join(missing)} with the hash in {libraries.path.name}")
    return found


def _download(libraries: VendorList, cache: Path, python: str) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    # Into a separate folder first: simultaneous builds must not see each other's incomplete files.
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = pip_download(python, libraries.path, Path(folder), libraries.python)
        result = subprocess.run([*command, "--require-hashes"], capture_output=True, text=True, check=False)
        if result.returncode:
            raise BuildError(f"pip could not download {libraries.path.name}:\n{result.stderr.strip()}")
        for path in Path(folder).iterdir():
            path.replace(cache / path.name)


def pip_download(python: str, requirements: Path, folder: Path, for_python: str) -> list[str]:
    """The command for the pip of `python` to download `requirements` for the version `for_python` into `folder`."""
    command = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--requirement", str(requirements), "--dest", str(folder)]
    # With these options, pip refuses wheels with compiled code.
    command += ["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", for_python]
    return command


def shared_and_own(files: Mapping[str, Mapping[str, Path]]) -> tuple[dict[str, Path], dict[str, dict[str, Path]]]:
    """`files` (by Python and name) split into those that all Pythons share, by name, and the others by Python."""
    every = list(files.values())
    shared = {name: path for name, path in every[0].items() if all(other.get(name) == path for other in every)}
    own = {
        python: {name: path for name, path in found.items() if name not in shared} for python, found in files.items()
    }
    return shared, own


def sha256_of(path: Path) -> str:
    """The hash of a file's content, in pip's format."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
