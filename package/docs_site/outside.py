"""Finds what a page of the site would load from elsewhere: its readers must not become known to others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_ELSEWHERE = re.compile(r"(?:[a-z]+:)?//", re.IGNORECASE)
_LOADING = ("src", "srcset", "href", "data", "poster", "action", "xlink:href")
_IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?((?:[a-z]+:)?//[^"')\s]+)""", re.IGNORECASE)
# Scripts of the site name addresses that a reader may follow; these calls would load something.
_IN_SCRIPTS = re.compile(r"""(?:fetch|import|open|importScripts)\(\s*["'`](?:https?:)?//[^"'`]+""")


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # A link to follow loads nothing.
        if tag != "a":
            values = [value or "" for name, value in attrs if name in _LOADING]
            self.found += [f"<{tag}> {value}" for value in values if _ELSEWHERE.match(value.strip())]
        self.found += [value for name, text in attrs if name == "style" for value in _IN_STYLES.findall(text or "")]


def loads_from_elsewhere(site: Path) -> list[str]:
    """A line for each such place in the pages, styles, scripts and pictures of a built site."""
    return [f"{path.relative_to(site)}: {what}" for path in sorted(site.rglob("*")) for what in _loads(path)]


def _loads(path: Path) -> Iterator[str]:
    if path.suffix in (".html", ".svg"):
        parser = _Loads()
        text = path.read_text("utf-8")
        parser.feed(text)
        yield from parser.found
        yield from _IN_STYLES.findall("".join(re.findall(r"<style.*?</style>", text, re.DOTALL)))
    elif path.suffix == ".css":
        yield from _IN_STYLES.findall(path.read_text("utf-8"))
    elif path.suffix == ".js":
        yield from _IN_SCRIPTS.findall(path.read_text("utf-8"))
