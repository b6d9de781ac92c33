"""Pictures of the Splunk app's dashboards in docs/pictures/: `python -m package.pictures.dashboards`.

Splunk's own renderer draws them in Chromium. The rows come from the app's packaged commands, which ask the sandbox;
the times of their log are spread over a day. Splunk's bar, page title and fonts are missing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from package.pictures.png import compress
from package.spl.archive import unpack
from package.spl.build_error import BuildError
from package.spl.build_spl import PROJECT, build
from package.splunk_renderer.bundle import bundle
from tests.splunk.browser import CHROMIUM, DRIVER, Browser
from tests.splunk.endpoint_harness import ANALYST, KEY
from tests.splunk.fake_endpoints import FakeEndpoints
from tests.splunk.fake_splunkd import SESSION, FakeSplunkd
from tests.splunk.forked_app import ForkedApp
from tests.splunk.searching import EICAR_MD5, Lookup
from tests.splunk.studio.day import a_day
from tests.splunk.studio.drawing import Drawing, definitions
from tests.splunk.studio.web import StudioWeb
from vt_connectors.sandbox import EVERY_LICENCE, Quota, SandboxConfig, SandboxServer

_SEARCHES = 24
# A file that sandboxes have run.
_RUN = "2e11eeab4b8d336deb51498c1e05966e"
_VALUE = f"form.value={EICAR_MD5}"
# Each page with its address, and the panels to click before the picture.
_PICTURES = {
    "vt_overview": ("", ()),
    "vt_report": (_VALUE, ("viz_ask",)),
    "vt_details": (
        f"form.value={_RUN}&form.relationship=contacted_domains",
        ("viz_ask_report", "viz_ask_techniques", "viz_ask_related"),
    ),
}


def main() -> int:
    """Write them. Returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(description="Draw the dashboards with Splunk's renderer.")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs/pictures", help="folder for the pictures")
    parser.add_argument("pages", nargs="*", metavar="page", default=list(_PICTURES), help=", ".join(_PICTURES))
    options = parser.parse_args()
    if set(options.pages) - set(_PICTURES):
        parser.error(f"pages are {', '.join(_PICTURES)}")
    try:
        with _drawing() as drawing:
            for page in options.pages:
                for theme in ("light", "dark"):
                    _draw(drawing, page, theme, options.out)
    except BuildError as error:
        print(f"no pictures: {error}", file=sys.stderr)
        return 1
    return 0


def _draw(drawing: Drawing, page: str, theme: str, out: Path) -> None:
    query, clicks = _PICTURES[page]
    drawing.open(page, query, theme)
    panels = [name for name, panel in definitions()[page]["visualizations"].items() if "dataSources" in panel]
    for panel in clicks:
        drawing.filled(panel)
        if "Ask" in drawing.text(panel):
            drawing.click(panel)
            drawing.shows(panel, "In the cache")
    drawing.filled(*panels)
    path = out / f"splunk-{page.removeprefix('vt_')}-{theme}.png"
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawing.picture())
    compress(path)
    print(f"{path} ({path.stat().st_size // 1024} KB)")


@contextmanager
def _drawing() -> Iterator[Drawing]:
    if CHROMIUM is None or DRIVER is None:
        raise BuildError("Chromium with chromedriver is needed: apt-get install chromium chromium-driver")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vt-pictures-")))
        unpack(build(PROJECT / "dist", report=lambda _: None), folder)
        (folder / "home/var/log/splunk").mkdir(parents=True)
        app = folder / "vtlookup"
        config = SandboxConfig(licences=EVERY_LICENCE)
        sandbox = stack.enter_context(SandboxServer(Quota.unlimited(), config=config))
        command = Lookup(app, folder / "home", sys.executable, {}, forked=ForkedApp(app))
        endpoints = FakeEndpoints(app, command.python, command.process_environment)
        settings = {"api_url": sandbox.url, "quota": "500/day, 15500/month", "verdict_indexes": "main"}
        splunkd = stack.enter_context(FakeSplunkd(KEY, settings, users={SESSION: ANALYST}, endpoints=endpoints))
        searches = a_day(command, splunkd, _SEARCHES)
        web = stack.enter_context(StudioWeb(bundle(), searches, definitions()))
        yield Drawing(web, stack.enter_context(Browser()))


if __name__ == "__main__":
    sys.exit(main())
