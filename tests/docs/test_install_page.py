"""How to install is told on one page, and no text makes people install what somebody else may publish."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from package.release.source import copy_sources
from vt_connectors import __version__

from .pages import PROJECT, in_code, page

PAGE = page("docs/install.md")
# Written before a name that pip would ask a package index for: ours is on none.
_OUR_NAME = re.compile(r"pip3? (?:install|download|wheel)(?: +-\S+)* +[\"'`]*vt[-_.]connectors(?![-_\w.]*\.whl)", re.I)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    copy_sources(PROJECT, folder)
    return folder


def test_no_text_installs_our_name_from_an_index(sources: Path) -> None:
    texts = {path.relative_to(sources).as_posix(): path.read_bytes().decode("utf-8", "replace")
             for path in sources.rglob("*") if path.is_file()}  # fmt: skip
    found = {name for name, text in texts.items() if _OUR_NAME.search(text)}
    assert found == set()


@pytest.mark.parametrize("name", ["vt-connectors", "-U 'vt_connectors[zip]'"])
def test_such_a_text_is_found(name: str) -> None:
    assert _OUR_NAME.search(f"pip install {name}")
    assert not _OUR_NAME.search("pip install ./vt_connectors-1.0.0-py3-none-any.whl")


def _extras() -> dict[str, list[str]]:
    setup = ast.parse((PROJECT / "setup.py").read_text("utf-8"))
    [found] = [node.value for node in ast.walk(setup) if isinstance(node, ast.keyword) and node.arg == "extras_require"]
    return dict(ast.literal_eval(found))


def test_the_page_has_every_extra_with_its_libraries() -> None:
    rows = {in_code(row[0])[0]: in_code(row[2]) for row in PAGE.rows if len(row) == 3 and in_code(row[0])}
    assert rows == {name: [re.split("[<>=]", wanted)[0] for wanted in all_] for name, all_ in _extras().items()}


@pytest.mark.parametrize("module", ["actions/zip_archive.py", "backends/redis/client.py"])
def test_an_error_about_a_library_names_the_releases_that_work(module: str) -> None:
    text = (PROJECT / "connectors/vt_connectors" / module).read_text("utf-8")
    named = re.findall(r"pip install '([^']+)'", text)
    assert named
    assert set(named) <= {wanted for all_ in _extras().values() for wanted in all_}


def test_the_page_names_the_files_of_this_version() -> None:
    assert set(re.findall(r"(?:vt_connectors|vtlookup)-(\d+\.\d+\.\d+)", PAGE.text)) == {__version__}
