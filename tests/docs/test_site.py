"""The documentation as a site: every page is in it, every link leads somewhere, and it loads nothing from elsewhere."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from package.docs_site.__main__ import build_site
from package.docs_site.outside import loads_from_elsewhere
from package.docs_site.pages import assemble
from package.spl.build_error import BuildError
from package.tool_environment import DOCS
from tests.package.conftest import made_once
from tests.splunk.browser import Browser

from .pages import PROJECT

ONE = "# One\n\n```text\n[kept](as-it-is.md)\n```\n\n[out](https://example.com) [three](deep/three.md)"
THREE = "# Three\n\n[start](../../README.md#start) ![](../a.svg) [two](../../src/two.py)"
needs_sphinx = pytest.mark.skipif(DOCS.find() is None, reason="the tools for the site are not installed: make docs")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with the pages that the site expects, and one more."""
    for name in ("README", "SECURITY", "CHANGELOG", "CONTRIBUTING", "bench/results", "docs/README"):
        _write(tmp_path / f"{name}.md", f"# {name}\n\nText.\n")
    _write(tmp_path / "docs/one.md", "# One\n\n## Two words\n\nText.\n")
    _write(tmp_path / "connectors/vt_connectors/__init__.py", '__version__ = "1.2.3"\n')
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the built site."""
    return made_once(tmp_path_factory, "docs-site", lambda folder: build_site(folder))


@needs_sphinx
def test_every_page_is_in_the_site(site: Path) -> None:
    docs = PROJECT / "docs"
    wanted = {path.relative_to(docs).with_suffix(".html").as_posix() for path in docs.rglob("*.md")} - {"README.html"}
    there = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {*wanted, "documentation.html", "security.html", "changelog.html", "contributing.html"} <= there


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def _served(site: Path) -> Iterator[str]:
    """The address of the site on a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@needs_sphinx
def test_a_browser_loads_only_the_sites_own_files_and_finds_what_is_searched(site: Path, chromium: Browser) -> None:
    with _served(site) as address:
        chromium.open(f"{address}/index.html")
        loaded = chromium.script("return performance.getEntriesByType('resource').map(entry => entry.name)")
        # Without a server.
        chromium.open(f"{(site / 'search.html').as_uri()}?q=fallback")
        chromium.until("document.querySelector('ul.search li a')")
        # The server has no favicon, which Chromium asks it for.
        complaints = [text for text in chromium.complaints() if text.startswith("file:")]
    assert loaded
    assert [name for name in loaded if not name.startswith((address, "data:"))] == []
    assert complaints == []


@needs_sphinx
def test_links_to_missing_headings_end_the_build(project: Path, tmp_path: Path) -> None:
    _write(project / "README.md", "[One](docs/one.md#two-words), [two](docs/one.md#three-words), [here](#nowhere)\n")
    with pytest.raises(BuildError, match=r"(?s)three-words.*nowhere") as raised:
        build_site(tmp_path / "site", project)
    assert "two-words" not in str(raised.value)


def test_a_link_to_a_missing_file_ends_the_build(project: Path, tmp_path: Path) -> None:
    _write(project / "docs/one.md", "# One\n\n[Two](../src/two.py)\n")
    with pytest.raises(BuildError, match=r"docs/one\.md: the link to \.\./src/two\.py leads nowhere"):
        assemble(project, tmp_path / "pages")


def test_links_lead_to_the_same_place_in_the_site_and_those_to_sources_become_text(
    project: Path, tmp_path: Path
) -> None:
    _write(project / "src/two.py", "")
    _write(
        project / "docs/deep/three.md",
        "# Three\n\n[start](../../README.md#start) ![](../a.svg) [two](../../src/two.py)",
    )
    _write(project / "docs/a.svg", "<svg/>")
    _write(
        project / "docs/one.md",
        "# One\n\n```text\n[kept](as-it-is.md)\n```\n\n[out](https://example.com) [three](deep/three.md)",
    )
    assemble(project, tmp_path / "pages")
    assert (
        (tmp_path / "pages/deep/three.md").read_text("utf-8").endswith("[start](../index.md#start) ![](../a.svg) two")
    )
    one = (tmp_path / "pages/one.md").read_text("utf-8")
    assert "[kept](as-it-is.md)" in one
    assert one.endswith("[out](https://example.com) [three](deep/three.md)")
    assert (tmp_path / "pages/a.svg").is_file()


def test_the_navigation_has_each_page_once(tmp_path: Path) -> None:
    assemble(PROJECT, tmp_path)
    trees = re.findall(r"```{toctree}\n(.*?)```", (tmp_path / "index.md").read_text("utf-8"), re.DOTALL)
    named = Counter(line for tree in trees for line in tree.splitlines() if line and not line.startswith(":"))
    pages = {path.relative_to(tmp_path).with_suffix("").as_posix() for path in tmp_path.rglob("*.md")} - {"index"}
    assert named == Counter(pages)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="//fonts.example/css">'),
        ("a.html", '<img alt="" src="http://example.com/a.png">'),
        ("a.html", '<p style="background: url(https://example.com/a.png)">'),
        ("a.html", "<style>@import 'https://example.com/a.css';</style>"),
        ("a.css", "@font-face { src: url('https://fonts.example/a.woff2') }"),
        ("a.js", 'fetch("https://example.com/a.json")'),
        ("a.svg", '<svg><image xlink:href="https://example.com/a.png"/></svg>'),
    ],
)
def test_what_would_be_loaded_from_elsewhere_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert len(loads_from_elsewhere(tmp_path)) == 1


def test_links_that_a_reader_follows_load_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="https://example.com">x</a><img src="a.png"><svg xmlns="http://a"/>', "utf-8"
    )
    assert loads_from_elsewhere(tmp_path) == []
