"""Links lead somewhere, the index has every page, and no page tells of the machine it was written on."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from .pages import PROJECT, Page, page, pages

_LINK = re.compile(r"\]\(([^)\s]+)\)")
# Of any user's machine, and of this one: where the project, the user's files and the Python in use are.
_OF_ANY = r"/(?:home|root|tmp)/\w|pypi-\w+|localhost:\d"
_FOUND_ANYWHERE = ("", "opt", "srv", "usr", "var", "mnt", "media", "home", "root", "tmp")
_ON_EVERY_MACHINE = {Path("/") / name for name in _FOUND_ANYWHERE}
_OF_THIS_ONE = {PROJECT, *PROJECT.parents, Path.home(), Path(sys.prefix)} - _ON_EVERY_MACHINE
_OF_ONE_MACHINE = re.compile("|".join([_OF_ANY, *(rf"{re.escape(str(place))}(?![-\w])" for place in _OF_THIS_ONE)]))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_and_their_headings_are_there(page: Page) -> None:
    for link in _LINK.findall(page.prose):
        if link.startswith("https://"):
            continue
        target, _, heading = link.partition("#")
        path = (PROJECT / page.name).parent / target if target else PROJECT / page.name
        assert path.exists(), f"{page.name}: {link}"
        assert not heading or heading in _headings(path), f"{page.name}: {link}"


def _headings(path: Path) -> set[str]:
    """As links write them."""
    found = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_the_index_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in _LINK.findall(page("docs/README.md").text)}
    there = {path.name for path in (PROJECT / "docs").glob("*.md")} - {"README.md"}
    assert there <= linked


def test_the_page_about_platforms_leads_to_each_of_them() -> None:
    linked = {link.partition("#")[0] for link in _LINK.findall(page("docs/platforms.md").text)}
    assert {f"platforms/{path.name}" for path in (PROJECT / "docs/platforms").glob("*.md")} <= linked


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_nothing_of_the_machine_it_was_written_on(page: Page) -> None:
    assert _OF_ONE_MACHINE.findall(page.text) == []
