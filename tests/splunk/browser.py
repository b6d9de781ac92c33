"""A headless Chromium, driven through chromedriver by the W3C WebDriver protocol."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER, SPACE, DOWN = "\ue004", "\ue007", " ", "\ue015"


class Browser:
    """`with Browser() as browser: browser.open(address)`. Elements are named by CSS selectors."""

    def __enter__(self) -> Browser:
        assert DRIVER is not None
        self._profile = tempfile.mkdtemp()
        # What Chromium writes beside its profile, it writes at home.
        home = {**os.environ, "HOME": self._profile}
        self._driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True, env=home)
        assert self._driver.stdout is not None
        self._port = 0
        while not self._port:
            line = self._driver.stdout.readline()
            assert line, "chromedriver did not start"
            started = re.search(r"successfully on port (\d+)", line)
            self._port = int(started[1]) if started else 0
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        arguments += [f"--user-data-dir={self._profile}", "--window-size=1100,1500", "--no-proxy-server"]
        options = {"binary": CHROMIUM, "args": arguments}
        wanted = {
            "capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
        }
        self._session = f"/session/{self._ask('POST', '/session', wanted)['sessionId']}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self._ask("DELETE", self._session)
        finally:
            self._driver.terminate()
            self._driver.communicate(timeout=150)
            shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, address: str) -> None:
        self._do("/url", {"url": address})

    def script(self, source: str, *args: Any) -> Any:
        return self._do("/execute/sync", {"script": source, "args": list(args)})

    def click(self, selector: str) -> None:
        """Waits while something else covers the place: a page that is still being drawn moves."""
        give_up = time.monotonic() + 60
        while True:
            try:
                self._do(f"/element/{self._element(selector)}/click", {})
            except AssertionError as error:
                if "element click intercepted" not in str(error) or time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
            else:
                return

    def write(self, selector: str, text: str) -> None:
        """In the place of what stands there."""
        element = self._element(selector)
        self._do(f"/element/{element}/clear", {})
        if text:
            self._do(f"/element/{element}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Where the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._do("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def text(self, selector: str) -> str:
        return str(self.script("return document.querySelector(arguments[0]).textContent", selector))

    def value(self, selector: str) -> str:
        return str(self.script("return document.querySelector(arguments[0]).value", selector))

    def until(self, condition: str, *args: Any) -> None:
        """Wait for what `condition`, an expression, says."""
        give_up = time.monotonic() + 150
        while not self.script(f"return Boolean({condition})", *args):
            assert time.monotonic() < give_up, f"{condition}: {self.script('return document.body.innerText')}"
            time.sleep(0.05)

    def screenshot(self, path: Path) -> None:
        """Of the whole page."""
        path.parent.mkdir(parents=True, exist_ok=True)
        height = self.script("return document.documentElement.scrollHeight")
        self.resize(1100, int(height) + 160)
        path.write_bytes(self.shot())

    def resize(self, width: int, height: int) -> None:
        """The window, in pixels."""
        self._do("/window/rect", {"width": width, "height": height})

    def shot(self) -> bytes:
        """A PNG of what the window shows."""
        return base64.b64decode(self._ask("GET", f"{self._session}/screenshot"))

    def complaints(self) -> list[str]:
        """What the browser's console has of errors."""
        entries = self._do("/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def _element(self, selector: str) -> str:
        return str(self._do("/element", {"using": "css selector", "value": selector})[_ELEMENT])

    def _do(self, what: str, document: Any) -> Any:
        return self._ask("POST", self._session + what, document)

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=150)
        connection.request(method, path, None if document is None else json.dumps(document))
        answer = json.loads(connection.getresponse().read())["value"]
        connection.close()
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer
