"""Environments of development tools, apart from .venv: `python -m package.tool_environment docs` makes .venv-docs.

They need a newer Python than the package. Their releases are pinned by hash, with all that they need, in
`package/<name>/requirements.txt`. `package/<name>/requirements.in` has the tools themselves; `--lock` writes the pins
again with the newest releases. An environment is made again if the pins changed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from package.spl.build_error import BuildError
from package.spl.interpreters import find_any_python

PROJECT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.13", "3.12", "3.11")
UV = "uv==0.13.9"


@dataclass(frozen=True)
class ToolEnvironment:
    """The environment `.venv-<name>`, for the tools in the folder `package/<part>`."""

    name: str
    part: str

    @property
    def folder(self) -> Path:
        return PROJECT / f".venv-{self.name}"

    @property
    def requirements(self) -> Path:
        return PROJECT / "package" / self.part / "requirements.txt"

    def find(self) -> Path | None:
        """Its Python; None if it does not exist, is incomplete, or has other pins."""
        stamp = self.folder / ".installed"
        is_current = stamp.is_file() and stamp.read_text("utf-8") == self._digest()
        return self._python if is_current else None

    def install(self) -> Path:
        """Make it unless it exists, and return its Python. Raises `BuildError` if that is not possible."""
        found = self.find()
        if found is not None:
            return found
        create(self.folder, PYTHONS, f"the tools in package/{self.part}")
        pip_install(self.folder, ["--no-deps", "--require-hashes", "--requirement", str(self.requirements)])
        (self.folder / ".installed").write_text(self._digest(), "utf-8")
        return self._python

    def lock(self) -> None:
        """Write requirements.txt from requirements.in, with the newest releases for every Python that can be used."""
        self.install()
        pip_install(self.folder, [UV])
        command = [str(self.folder / "bin/uv"), "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
        command += ["--upgrade", "--no-header", "--no-annotate", "--python-version", PYTHONS[-1]]
        run([*command, str(self.requirements.with_suffix(".in")), "--output-file", str(self.requirements)])

    @property
    def _python(self) -> Path:
        return self.folder / "bin/python"

    def _digest(self) -> str:
        return hashlib.sha256(self.requirements.read_bytes()).hexdigest()


DOCS = ToolEnvironment("docs", "docs_site")
RELEASE = ToolEnvironment("release", "release")


def create(folder: Path, pythons: Sequence[str], name: str) -> None:
    """Make an empty environment with the first of these Pythons that exists. Raises `BuildError` if none does."""
    python = find_any_python(pythons)
    if python is None:
        raise BuildError(f"{name}: one of Python {', '.join(pythons)} is needed")
    run([python, "-m", "venv", "--clear", str(folder)])


def pip_install(folder: Path, arguments: Sequence[str], **options: object) -> None:
    """Run `pip install` in the environment. `options` are those of `run`. Raises `BuildError`."""
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, *arguments], **options)


def run(command: list[str], **options: object) -> str:
    """The output of a command. Raises `BuildError` with all that it printed if it fails.

    `options` are those of `subprocess.run`; a command that takes longer than `timeout` (s) fails.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{' '.join(command)}: not finished after {error.timeout:g} s") from None
    if done.returncode:
        raise BuildError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}".strip())
    return str(done.stdout)


def main() -> int:
    """Make the environments that the command line names. Returns the exit status, 0 or 1."""
    names = {environment.name: environment for environment in (DOCS, RELEASE)}
    arguments = sys.argv[1:]
    try:
        for name in [argument for argument in arguments if argument != "--lock"]:
            if "--lock" in arguments:
                names[name].lock()
            print(names[name].install())
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
