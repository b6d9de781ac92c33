"""The app, unpacked like Splunk does it, outside of pytest."""

from __future__ import annotations

import atexit
import functools
import shutil
import sys
import tempfile
from pathlib import Path

from bench.soak.drill import KEY, Effort
from package.spl.archive import unpack
from package.spl.build_spl import build
from package.spl.interpreters import find_python
from package.splunkd_driver.driver import Record as Record
from tests.splunk.forked_app import ForkedApp
from tests.splunk.searching import Lookup as Lookup
from vt_connectors.sandbox import SandboxServer


@functools.cache
def _for_all() -> Path:
    """One for all drills of this process; they change nothing in it."""
    folder = Path(tempfile.mkdtemp(prefix="vt-app-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _unpacked(folder)


def _unpacked(home: Path) -> Path:
    apps = home / "etc/apps"
    unpack(build(home, report=lambda _: None), apps)
    return apps / "vtlookup"


def installed(effort: Effort, server: SandboxServer) -> Lookup:
    """The command, with a key and without a quota of its own; on the older of Splunk's interpreters, if it is here.

    In brief its processes are forked.
    """
    home = effort.place("splunk")
    app = _unpacked(home) if effort.is_long else _for_all()
    python = find_python("3.9") or find_python("3.13") or sys.executable
    environment = {"VT_API_KEY": KEY, "VT_API_URL": server.url, "VT_QUOTA": "none"}
    return Lookup(app, home, python, environment, forked=None if effort.is_long else ForkedApp(app))
