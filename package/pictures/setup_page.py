"""The app's setup page in Chromium, after a test of the connection: docs/pictures/setup-page.png.

The page and the endpoints behind it are those of the built app. Splunk Web and splunkd are the stand-ins of the tests,
and the sandbox answers for VirusTotal.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from package.pictures.__main__ import PICTURES
from package.pictures.png import compress
from package.spl.archive import unpack
from package.spl.build_spl import build
from package.spl.interpreters import find_any_python
from tests.package.conf_reader import read_conf
from tests.package.conftest import SPLUNKS_PYTHONS
from tests.splunk.browser import CHROMIUM, DRIVER, Browser
from tests.splunk.fake_endpoints import FakeEndpoints
from tests.splunk.fake_splunk_web import FakeSplunkWeb
from tests.splunk.fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from vt_connectors.sandbox import SandboxServer

KEY = "a-key-of-the-sandbox"
PICTURE = PICTURES / "setup-page.png"


def draw(home: Path) -> None:
    """Take the picture; `home` is an empty folder, for SPLUNK_HOME."""
    unpack(build(home / "dist", report=lambda _: None), home / "etc/apps")
    app = home / "etc/apps/vtlookup"
    python = find_any_python(SPLUNKS_PYTHONS) or sys.executable
    with SandboxServer() as sandbox:
        settings = {**read_conf(app / "default/vtlookup.conf")["settings"], "api_url": sandbox.url}
        endpoints = FakeEndpoints(app, python, {"SPLUNK_HOME": str(home)})
        splunkd = FakeSplunkd(KEY, settings, users={SESSION: EVERYTHING}, endpoints=endpoints)
        with splunkd as running, FakeSplunkWeb(app, running) as web, Browser() as browser:
            _photograph(browser, web)


def _photograph(browser: Browser, web: FakeSplunkWeb) -> None:
    browser.open(web.view("setup"))
    browser.until("document.querySelector('#vtlookup-setup form')")
    browser.click("#vtlookup-test")
    browser.until("document.querySelectorAll('#vtlookup-findings li.vtlookup-good').length === 5")
    browser.screenshot(PICTURE)
    compress(PICTURE)


def main() -> int:
    """Returns the exit status, 0 or 1."""
    if CHROMIUM is None or DRIVER is None:
        print("the setup page: Chromium or chromedriver is missing: apt-get install chromium chromium-driver")
        return 1
    with tempfile.TemporaryDirectory(prefix="vt-pictures-") as folder:
        draw(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
