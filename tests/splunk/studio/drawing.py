"""Pages of the app, drawn by Splunk's renderer in Chromium."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.package.spl_reader import PROJECT
from tests.splunk.browser import Browser

from .web import StudioWeb, definition_of

VIEWS = PROJECT / "splunk_app/default/data/ui/views"
PAGES = ("vt_overview", "vt_report", "vt_details")
# A panel is drawn if it has a cell, a number, a chart's part or a text.
_PARTS = "[data-test=cell], [data-test=majorValue], .highcharts-point, [data-test=markdown]"
_FILLED = f"document.querySelector(`[data-id=${{arguments[0]}}]`)?.querySelector(`{_PARTS}`)"
_WIDTH, _BELOW = 1460, 160


def definitions() -> dict[str, dict[str, Any]]:
    """Of the pages as they are in the app."""
    return {name: definition_of(VIEWS / f"{name}.xml") for name in PAGES}


@dataclass
class Drawing:
    """`drawing.open("vt_report", "form.value=8.8.8.8")`, then look at it."""

    web: StudioWeb
    browser: Browser
    _loaded: str = ""

    def open(self, page: str, query: str = "", theme: str = "light") -> None:
        """The page, as soon as it has been drawn."""
        address = self.web.address(page, query, theme)
        if self._loaded == self.web.origin:
            self.browser.script("return window.draw(...arguments)", page, address.partition("?")[2])
        else:
            self.browser.open(address)
            self._loaded = self.web.origin
        self.browser.until("document.querySelector('[data-test=grid-item]')")

    def filled(self, *panels: str) -> None:
        """Wait until these panels show something. AssertionError if one never does."""
        for panel in panels:
            self.browser.until(_FILLED, panel)

    def text(self, panel: str) -> str:
        return str(self.browser.script(f"return document.querySelector('[data-id={panel}]')?.innerText ?? ''"))

    def shows(self, panel: str, text: str) -> None:
        """Wait until the panel has this text."""
        told = f"(document.querySelector('[data-id={panel}]')?.innerText ?? '').includes(arguments[0])"
        self.browser.until(told, text)

    def click(self, panel: str) -> None:
        """The panel's first cell."""
        self.browser.click(f"[data-id={panel}] [data-test=cell]")

    def complaints(self) -> list[str]:
        """Of Splunk's validation and of the console."""
        return [*self.browser.script("return window.complaints"), *self.browser.complaints()]

    def schema(self) -> Mapping[str, Any]:
        """What Splunk's renderer accepts."""
        self.browser.until("window.schema")
        found: dict[str, Any] = json.loads(self.browser.script("return JSON.stringify(window.schema())"))
        return found

    def picture(self) -> bytes:
        """A PNG of the whole page."""
        self.browser.resize(_WIDTH, 900)
        height = self.browser.script(
            "return Math.max(...[...document.querySelectorAll('[data-test=grid-item]')]"
            ".map((item) => item.getBoundingClientRect().bottom))"
        )
        self.browser.resize(_WIDTH, int(height) + _BELOW)
        return self.browser.shot()


def write(path: Path, picture: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
