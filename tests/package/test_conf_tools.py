"""Splunk's packaging toolkit and ksconf find nothing in the app's configuration that is not accepted here."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from package.spl.referee import ksconf_findings, slim_findings
from tests.bundles.installed import installed

# Findings of `slim validate`, and why they stay.
ACCEPTED = {
    r"Undefined setting in (alert_actions|commands|restmap)\.conf, stanza \[[\w:]+\]: python\.(version|required)": (
        "its spec files are those of 2017, and Splunk has had several Pythons since 2019"
    ),
}


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    installed("splunk")


@pytest.fixture
def copy(app: Path, tmp_path: Path) -> Path:
    """The app's configuration in a folder that a test may change."""
    return shutil.copytree(app, tmp_path / "vtlookup", ignore=shutil.ignore_patterns("lib", "bin"))


def conf_files(app: Path) -> list[Path]:
    return [*sorted(app.glob("default/*.conf")), *sorted(app.glob("metadata/*.meta"))]


def test_slim_finds_only_what_is_accepted(app: Path) -> None:
    findings = slim_findings(app)
    assert [text for text in findings if not any(re.fullmatch(pattern, text) for pattern in ACCEPTED)] == []
    assert [pattern for pattern in ACCEPTED if not any(re.fullmatch(pattern, text) for text in findings)] == []


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("default/commands.conf", "streeming = true", "commands.conf, stanza [vtstream]: streeming"),
        ("default/vtlookup.conf", "quotta = none", "vtlookup.conf, stanza [settings]: quotta"),
        ("default/props.conf", "KV_MOD = json", "props.conf, stanza [vtlookup:stream]: KV_MOD"),
    ],
)
def test_slim_finds_a_misspelt_setting(file: str, line: str, found: str, copy: Path) -> None:
    (copy / file).write_text((copy / file).read_text("utf-8") + f"{line}\n", "utf-8")
    assert any(text.endswith(found) for text in slim_findings(copy))


def test_slim_finds_a_manifest_that_is_none(copy: Path) -> None:
    manifest = copy / "app.manifest"
    manifest.write_text(manifest.read_text("utf-8").replace('"schemaVersion"', '"schema"'), "utf-8")
    assert [text for text in slim_findings(copy) if "schema" in text]


def test_slim_accepts_no_manifest_that_requires_the_releases_that_the_app_needs(copy: Path) -> None:
    """If this fails, app.manifest can name them."""
    manifest = copy / "app.manifest"
    assert '"Enterprise": "*"' in manifest.read_text("utf-8")
    manifest.write_text(manifest.read_text("utf-8").replace('"Enterprise": "*"', '"Enterprise": ">=9.3"'), "utf-8")
    assert [text for text in slim_findings(copy) if "no supported version of Splunk Enterprise" in text]


def test_ksconf_reads_every_file(app: Path) -> None:
    assert len(conf_files(app)) > 15
    assert ksconf_findings(conf_files(app)) == []


@pytest.mark.parametrize("text", ["[a]\nx = 1\n[a]\ny = 2\n", "[a]\nx = 1\nx = 2\n", "[a]\nno setting\n"])
def test_ksconf_finds_broken_lines(text: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_text(text, "utf-8")
    [finding] = ksconf_findings([broken])
    assert finding.startswith("broken.conf: ")
