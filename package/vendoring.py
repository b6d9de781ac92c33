"""Fetch the pinned libraries into a cache and lay them out as the app's `lib/`."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from build_error import BuildError

# The SDK's last release for Python 3.9 was published as an sdist only.
SOURCE_ONLY = ("splunk-sdk",)
OLDEST_PYTHON = "3.9"

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})+)")


@dataclass(frozen=True)
class Pin:
    """One library at one version; any of `sha256s` is the right file for it."""

    name: str
    version: str
    sha256s: frozenset[str]


def read_pins(requirements: Path) -> list[Pin]:
    """The pins of a requirements file. Every requirement needs a version and a hash, or BuildError."""
    text = requirements.read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [_read_pin(line, requirements) for line in lines if line and not line.startswith("#")]


def _read_pin(line: str, requirements: Path) -> Pin:
    match = _PIN.fullmatch(line)
    if match is None:
        raise BuildError(f"{requirements.name}: needs name==version and a sha256 hash: {line}")
    hashes = frozenset(re.findall(r"sha256:([0-9a-f]{64})", match["hashes"]))
    return Pin(match["name"], match["version"], hashes)


def find_cached(pins: Sequence[Pin], cache: Path) -> dict[str, Path]:
    """The files in `cache` whose content is what a pin asks for, by the pin's name."""
    files = sorted(path for path in cache.glob("*") if path.is_file())
    by_hash = {_sha256(path): path for path in files}
    found = {pin.name: by_hash[digest] for pin in pins for digest in pin.sha256s if digest in by_hash}
    return dict(sorted(found.items()))


def fetch(requirements: Path, cache: Path, python: str) -> dict[str, Path]:
    """The file for each pin, by name; `python`'s pip downloads when the cache does not hold them all."""
    pins = read_pins(requirements)
    if len(find_cached(pins, cache)) < len(pins):
        _download(requirements, cache, python)
    found = find_cached(pins, cache)
    missing = [pin.name for pin in pins if pin.name not in found]
    if missing:
        raise BuildError(f"pip did not bring {', '.join(missing)} with the hash in {requirements.name}")
    return found


def _download(requirements: Path, cache: Path, python: str) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    # Into a folder of its own first: two builds at once must not see each other's half-written files.
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _run_pip(python, requirements, folder)
        for path in Path(folder).iterdir():
            path.replace(cache / path.name)


def _run_pip(python: str, requirements: Path, folder: str) -> None:
    command = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--requirement", str(requirements), "--dest", folder]
    # With these pip itself refuses wheels that hold compiled code.
    command += ["--only-binary", ":all:", "--platform", "any", "--implementation", "py", "--abi", "none"]
    command += ["--python-version", OLDEST_PYTHON]
    for name in SOURCE_ONLY:
        command += ["--no-binary", name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(f"pip could not download {requirements.name}:\n{result.stderr.strip()}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
