"""The pages of the documentation, and their fenced blocks."""

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
    """`language` and `flags` come from the info string: ```sh no-run. `line`: number of the first line, from 1."""

    page: str
    line: int
    language: str
    flags: frozenset[str]
    text: str
    # The block right after it with its output, if any.
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
        """All blocks in order. A block after another with only blank lines between is also the `shown` of that one."""
        found: list[Block] = []
        after: Block | None = None
        for match in reversed(list(_FENCE.finditer(self.text))):
            words = match[2].split()
            # An output follows its command; a second `sh` block is not an output.
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
    def tables(self) -> list[list[tuple[int, str]]]:
        """The rows of each table as they are written, with the numbers of their lines: the header first."""
        # As many lines as before, so that the numbers are right.
        lines = _FENCE.sub(lambda block: "\n" * block[0].count("\n"), self.text).splitlines()
        found: list[list[tuple[int, str]]] = []
        for number, line in enumerate(lines, 1):
            if not line.lstrip().startswith("|"):
                continue
            if number == 1 or not lines[number - 2].lstrip().startswith("|"):
                found.append([])
            found[-1].append((number, line.strip()))
        return found

    @property
    def prose(self) -> str:
        return _FENCE.sub("", self.text)


def _between(text: str, match: re.Match[str]) -> str:
    """The text between a block and the next one."""
    return text[match.end() :].partition("```")[0].strip()


def pages() -> list[Page]:
    """README.md, SECURITY.md and every page of docs/ and its folders."""
    paths = [PROJECT / "README.md", PROJECT / "SECURITY.md", *sorted((PROJECT / "docs").rglob("*.md"))]
    return [Page(path.relative_to(PROJECT).as_posix(), path.read_text("utf-8")) for path in paths]


def all_pages() -> list[Page]:
    """Every Markdown page that people read, also those outside `docs/`."""
    others = [*PROJECT.glob("*.md"), *(PROJECT / "bench").glob("*.md"), *(PROJECT / "package").rglob("*.md")]
    known = pages()
    names = {page.name for page in known}
    found = [Page(path.relative_to(PROJECT).as_posix(), path.read_text("utf-8")) for path in sorted(others)]
    return known + [page for page in found if page.name not in names]


def page(name: str) -> Page:
    [found] = [page for page in all_pages() if page.name == name]
    return found


def in_code(cell: str) -> list[str]:
    """The parts of a cell or a text in backticks."""
    return re.findall(r"`([^`]+)`", cell)
