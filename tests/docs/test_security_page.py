"""SECURITY.md names the releases that are carried and required, and an advisory on each that is held back."""

from __future__ import annotations

import re

import pytest

from package.spl.build_spl import VENDOR_LISTS
from package.spl.vendoring import read_lists

from .pages import PROJECT, page

PAGE = page("SECURITY.md").text
TABLE = {
    cells[0]: cells[1:]
    for line in PAGE.splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
}
LISTS = {libraries.python: {pin.name: pin.version for pin in libraries.pins} for libraries in read_lists(VENDOR_LISTS)}
# What a library is named that is held back on the older Python for no advisory that is known.
WITHOUT_ADVISORY = {"cachetools", "packaging", "deprecation", "splunk-sdk"}


@pytest.mark.parametrize("name", sorted(LISTS["3.9"].keys() | LISTS["3.13"].keys()))
def test_the_page_names_the_releases_that_the_app_carries(name: str) -> None:
    assert TABLE[name][:2] == [LISTS[python].get(name, "-") for python in ("3.13", "3.9")]


def test_each_library_that_is_held_back_has_its_advisories_or_is_said_to_have_none() -> None:
    held_back = {name for name, version in LISTS["3.9"].items() if LISTS["3.13"].get(name) != version}
    advised = {name for name in held_back if re.search(rf"^\| CVE-[^|]*\b{name} ", PAGE, re.MULTILINE)}
    assert held_back - advised == WITHOUT_ADVISORY
    unverified = PAGE[PAGE.index("Not verified") :]
    assert [name for name in WITHOUT_ADVISORY if name not in unverified] == []


@pytest.mark.parametrize("name", ["urllib3", "requests", "idna", "certifi", "cachetools"])
def test_the_page_names_the_releases_that_the_package_asks_for(name: str) -> None:
    wanted = re.findall(rf'"{name}>=([\d.]+)', (PROJECT / "setup.py").read_text("utf-8"))
    assert wanted
    assert sorted(set(wanted)) == sorted(set(re.findall(r"\d+\.\d[\d.]*", TABLE[name][2])) - {"3.9"})
