"""The pictures of the terminal: drawn from real output, and without anything from another site."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from package.pictures.terminal import FOLDER, PICTURES, draw, environment_for
from vt_connectors.sandbox import SandboxServer

_BY_NAME = {picture.name: picture for picture in PICTURES}


def _texts(svg: str) -> str:
    return " ".join("".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ").split())


def test_a_picture_shows_what_the_program_prints(sandbox: SandboxServer, tmp_path: Path) -> None:
    svg = draw(_BY_NAME["report"], environment_for(sandbox.url, tmp_path))
    for text in ("$ vtaction lookup 44d88612", "62 of 68 engines", "first seen", "2021-12-05 01:35 UTC"):
        assert text in _texts(svg)
    assert "awaiting answers" not in svg, "what was removed from the terminal is not drawn"


@pytest.mark.parametrize("name", _BY_NAME)
def test_the_pictures_of_the_documentation_load_nothing(name: str) -> None:
    svg = (FOLDER / f"terminal-{name}.svg").read_text("utf-8")
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "url(http" not in svg
    assert "@font-face" not in svg
    assert "@import" not in svg
