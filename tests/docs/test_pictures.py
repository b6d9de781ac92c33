"""Pictures that pages show are there, and no picture is there that no page shows. `make pictures` draws them."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from package.pictures.__main__ import PICTURES, main, programs

from .pages import PROJECT, pages

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s#]+)\)")


def _shown() -> dict[str, list[str]]:
    """For each picture's path in the project: its descriptions."""
    found: dict[str, list[str]] = {}
    for page in pages():
        for description, path in _PICTURE.findall(page.prose):
            place = os.path.normpath((PurePosixPath(page.name).parent / path).as_posix())
            found.setdefault(place, []).append(description)
    return found


def test_each_picture_that_a_page_shows_is_there_and_described() -> None:
    shown = _shown()
    assert [path for path in shown if not (PROJECT / path).is_file()] == []
    assert [path for path, descriptions in shown.items() if not all(descriptions)] == []


def test_each_picture_is_shown_somewhere() -> None:
    drawn = {path.relative_to(PROJECT).as_posix() for path in PICTURES.rglob("*") if path.is_file()}
    assert drawn - set(_shown()) == set()


def test_each_program_is_found_and_another_is_refused() -> None:
    assert "setup_page" in programs()
    assert all((Path(PROJECT) / f"package/pictures/{name}.py").is_file() for name in programs())
    assert main(["no-such-program"]) == 1
