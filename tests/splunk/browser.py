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
_WIDTH, _HEIGHT = 1100, 1500
# The middle of an element, in view; null while something else covers it; `[]` for an option, which is not in the page.
_MIDDLE = """
const element = document.querySelector(arguments[0]);
if (element.tagName === "OPTION") return [];
element.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
const [{left, top, width, height} = {}] = element.getClientRects();
const [x, y] = [left + width / 2, top + height / 2];
return width && element.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
"""
_EMPTY_AND_FOCUS = """
const field = document.querySelector(arguments[0]);
field.focus();
if (document.activeElement !== field || field.readOnly) throw new Error(`${arguments[0]} takes no text`);
field.select();
document.execCommand("delete");
"""
# Looks in the page, which costs less than to ask it again and again.
_LOOK = """
return (async (end) => {
    while (!holds()) {
        if (Date.now() > end) return false;
        await new Promise((go) => setTimeout(go, 20));
    }
    return true;
})(Date.now() + 5000);
"""


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
        arguments += [f"--user-data-dir={self._profile}", f"--window-size={_WIDTH},{_HEIGHT}", "--no-proxy-server"]
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
        """Waits while something else covers the place: a page that is still being drawn moves.

        The mouse and the text of `write` are Chromium's own events. WebDriver's cost several times as much CPU.
        """
        give_up = time.monotonic() + 60
        place = self.script(_MIDDLE, selector)
        while place is None:
            assert time.monotonic() < give_up, f"{selector} is covered"
            time.sleep(0.1)
            place = self.script(_MIDDLE, selector)
        if not place:
            self._do(f"/element/{self._element(selector)}/click", {})
            return
        for kind in ("mousePressed", "mouseReleased"):
            at = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            self._command("Input.dispatchMouseEvent", {"type": kind, **at})

    def write(self, selector: str, text: str) -> None:
        """In the place of what stands there."""
        self.script(_EMPTY_AND_FOCUS, selector)
        if text:
            self._command("Input.insertText", {"text": text})

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
        while not self.script(f"const holds = () => Boolean({condition});{_LOOK}", *args):
            assert time.monotonic() < give_up, f"{condition}: {self.script('return document.body.innerText')}"

    def screenshot(self, path: Path) -> None:
        """Of the whole page."""
        path.parent.mkdir(parents=True, exist_ok=True)
        height = self.script("return document.documentElement.scrollHeight")
        self.resize(_WIDTH, int(height) + 160)
        path.write_bytes(self.shot())

    def resize(self, width: int = _WIDTH, height: int = _HEIGHT) -> None:
        """The window, in pixels; without them to what it is at first."""
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

    def _command(self, name: str, parameters: dict[str, Any]) -> None:
        """Of Chromium's own protocol."""
        self._do("/goog/cdp/execute", {"cmd": name, "params": parameters})

    def _do(self, what: str, document: Any) -> Any:
        return self._ask("POST", self._session + what, document)

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=150)
        connection.request(method, path, None if document is None else json.dumps(document))
        answer = json.loads(connection.getresponse().read())["value"]
        connection.close()
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer
