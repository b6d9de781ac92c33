"""What the README promises beyond its blocks, which `tests/docs` runs with those of all pages."""

from __future__ import annotations

import json
from pathlib import Path

from bench.claims import block
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.cli.describe import markdown_table
from vt_connectors.version import __version__

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text("utf-8")


def test_it_leads_to_the_settings_the_errors_and_the_index() -> None:
    for page in ("settings", "errors", "README", "privacy", "quota", "splunk", "runner", "python", "state"):
        assert f"(docs/{page}.md" in README, page


def test_the_actions_are_told_where_it_leads_to() -> None:
    assert markdown_table() in (PROJECT / "docs/runner.md").read_text("utf-8")


def test_it_has_the_number_of_actions() -> None:
    assert f"[{len(ACTIONS)} actions](docs/runner.md#the-actions)" in README


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 120


def test_the_apps_file_is_named_by_its_version() -> None:
    assert f"dist/vtlookup-{__version__}.spl" in README
    assert f"## {__version__}" in (PROJECT / "CHANGELOG.md").read_text("utf-8")


def test_its_figures_are_those_that_were_measured() -> None:
    data = json.loads((PROJECT / "bench/results.json").read_text("utf-8"))
    assert block(data) in README
