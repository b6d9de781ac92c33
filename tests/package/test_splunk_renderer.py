"""Splunk's renderer is used in tests in pinned releases with the Apache licence, and is not shipped."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from package.spl.build_error import BuildError
from package.splunk_renderer.bundle import LICENCE, PACKAGES, check_licences


def _package(folder: Path, name: str, version: str, licence: str) -> None:
    file = folder / name / "package.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"name": name, "version": version, "license": licence}))


def test_every_package_is_pinned() -> None:
    assert all(version.replace(".", "").isdigit() for version in PACKAGES.values())


def test_pinned_packages_with_the_licence_are_taken(tmp_path: Path) -> None:
    for name, version in PACKAGES.items():
        _package(tmp_path, name, version, LICENCE)
    check_licences(tmp_path)


@pytest.mark.parametrize(
    ("name", "version", "licence"),
    [
        ("@splunk/themes", PACKAGES["@splunk/themes"], "SEE LICENSE IN LICENSE.md"),
        ("@splunk/themes", "9.9.9", LICENCE),
        ("@splunk/another", "1.0.0", LICENCE),
    ],
    ids=["another licence", "another version", "not pinned"],
)
def test_another_package_is_refused(name: str, version: str, licence: str, tmp_path: Path) -> None:
    _package(tmp_path, name, version, licence)
    with pytest.raises(BuildError, match=rf"{name} {version} is not one of the pinned packages"):
        check_licences(tmp_path)


def test_nothing_of_it_is_in_the_app(spl: Path) -> None:
    with tarfile.open(spl) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            assert content is None or b"@splunk/" not in content.read(), member.name
