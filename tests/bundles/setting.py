"""What platforms in tests share: the settings of one key, and a built bundle."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Callable, NamedTuple

from package.bundles.manifest import read_manifest
from package.bundles.platforms import builder
from tests.vtaction_process import clean_environment
from vt_connectors.sandbox import SandboxServer

# A part of every key of these tests: no output may contain it.
KEY = "0123456789abcdef" * 4

_BUILDING = threading.Lock()


def _at_once() -> None:
    pass


class Setting(NamedTuple):
    """`environment`: the settings of a process that answers in process. `server` and `token`: a `vtaction serve` with
    the same key and state; empty if there is none. `folder`: for files, of one platform only. `begin()` returns when
    all platforms of a test are ready to ask.
    """

    environment: dict[str, str]
    folder: Path
    server: str = ""
    token: str = ""
    begin: Callable[[], object] = _at_once

    @property
    def config(self) -> dict[str, Any]:
        """What an administrator sets on a platform that asks a server."""
        return {"url": self.server, "key": self.token}

    def for_platform(self, name: str) -> Setting:
        """The same with a folder of its own."""
        folder = self.folder / name
        folder.mkdir()
        return self._replace(folder=folder)


def setting(sandbox: SandboxServer, folder: Path, **more: str) -> Setting:
    """Processes with their state in `folder`, no limit of the quota, and `sandbox` as VirusTotal."""
    settings = {"VT_API_URL": sandbox.url, "VT_API_KEY": KEY, "VT_STATE": str(folder / "state.db"), "VT_QUOTA": "none"}
    return Setting({**clean_environment(), **settings, **more}, folder)


def built(platform: str, folder: Path) -> Path:
    """The bundle of the platform, below `folder`."""
    out = folder / f"bundle-{platform}"
    out.mkdir()
    # One at a time: `ast.parse` of Python 3.11 fails if threads use it together.
    with _BUILDING:
        builder(platform)(read_manifest(), out)
    return out
