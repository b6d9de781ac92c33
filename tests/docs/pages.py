"""The pages people read, and the fenced blocks in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import dedent

PROJECT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_TABLE_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """`language` and `flags` are the info string's words: ```sh no-run. `line` is the first line's, from 1."""

    page: str
    line: int
    language: str
    flags: frozenset[str]
    text: str
    # What stands right after it: a shown output, or nothing.
    shown: Block | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def first_line(self) -> str:
        return self.text.splitlines()[0]


@dataclass(frozen=True)
class Page:
    name: str
    text: str

    @cached_property
    def blocks(self) -> list[Block]:
        """In order; one that follows another with nothing but blank lines between is that one's `shown`, too."""
        found: list[Block] = []
        after: Block | None = None
        for match in reversed(list(_FENCE.finditer(self.text))):
            words = match[2].split()
            # An output follows what made it; a second `sh` block does not.
            is_output = after is not None and after.language in ("text", "json") and not _between(self.text, match)
            line = self.text.count("\n", 0, match.start(3)) + 1
            language = words[0] if words else ""
            after = Block(
                self.name, line, language, frozenset(words[1:]), dedent(match[3]), after if is_output else None
            )
            found.insert(0, after)
        return found

    def of(self, language: str) -> list[Block]:
        return [block for block in self.blocks if block.language == language]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of every row of every table."""
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in _TABLE_ROW.findall(self.text)]

    @property
    def prose(self) -> str:
        return _FENCE.sub("", self.text)


def _between(text: str, match: re.Match[str]) -> str:
    """What stands between a block and the next one."""
    return text[match.end() :].partition("```")[0].strip()


def pages() -> list[Page]:
    """README.md, SECURITY.md and every page of docs/."""
    paths = [PROJECT / "README.md", PROJECT / "SECURITY.md", *sorted((PROJECT / "docs").glob("*.md"))]
    return [Page(path.relative_to(PROJECT).as_posix(), path.read_text("utf-8")) for path in paths]


def page(name: str) -> Page:
    [found] = [page for page in pages() if page.name == name]
    return found


def in_code(cell: str) -> list[str]:
    """What is in backticks in a cell or a text."""
    return re.findall(r"`([^`]+)`", cell)
