"""The .spl file: the same bytes each time, and nothing in it that does not belong there."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from package.spl.archive import mtime_of
from package.spl.build_spl import PROJECT
from package.spl.forbidden_content import COMPILED_SUFFIXES
from vt_connectors import __version__


@pytest.fixture(scope="module")
def members(spl: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(spl) as archive:
        return archive.getmembers()


def test_each_python_builds_the_same_bytes_again_and_says_what_it_wrote_and_where(
    python: str, spl: Path, tmp_path: Path
) -> None:
    command = [python, "-E", "-s", "-m", "package.spl.build_spl", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    again = tmp_path / f"vtlookup-{__version__}.spl"
    assert again.read_bytes() == spl.read_bytes()
    assert str(again) in result.stdout
    assert hashlib.sha256(again.read_bytes()).hexdigest() in result.stdout


def test_there_is_one_top_folder_and_it_comes_first(members: list[tarfile.TarInfo]) -> None:
    assert members[0].name == "vtlookup"
    assert {member.name.split("/")[0] for member in members} == {"vtlookup"}


def test_every_folder_comes_before_what_is_in_it(members: list[tarfile.TarInfo]) -> None:
    seen = {""}
    for member in members:
        assert member.name.rpartition("/")[0] in seen
        seen.add(member.name)


def test_there_are_only_plain_files_and_folders_with_plain_modes(members: list[tarfile.TarInfo]) -> None:
    kinds = {(member.type, member.mode) for member in members}
    assert kinds == {(tarfile.REGTYPE, 0o644), (tarfile.DIRTYPE, 0o755)}


def test_everything_belongs_to_root_at_one_time(members: list[tarfile.TarInfo]) -> None:
    owners = {(member.uid, member.gid, member.uname, member.gname, member.mtime) for member in members}
    assert owners == {(0, 0, "root", "root", mtime_of(__version__))}


def test_a_later_version_has_a_later_time() -> None:
    versions = ["0.9.9", "1.0.0", "1.0.1", "1.1.0", "1.10.0", "2.0.0"]
    times = [mtime_of(version) for version in versions]
    assert times == sorted(set(times))


def test_no_compiled_file_cache_dotfile_or_site_setting_is_shipped(members: list[tarfile.TarInfo]) -> None:
    parts = {part for member in members for part in member.name.split("/")}
    assert [part for part in parts if part.startswith(".")] == []
    assert parts.isdisjoint({"local", "local.meta", "__pycache__", "tests"})
    assert not any(part.endswith(tuple(COMPILED_SUFFIXES)) for part in parts)


def test_no_metadata_or_scripts_of_the_libraries_are_shipped(app: Path) -> None:
    # Release 3 of Splunk's SDK asks its own metadata for its version.
    metadata = [path.relative_to(app).as_posix() for path in app.rglob("*.dist-info/*")]
    assert [re.sub(r"[\d.]+\.dist-info", "?", path) for path in metadata] == ["lib/py313/splunk_sdk-?/METADATA"]
    assert list(app.rglob("*.egg-info")) == []
    assert list(app.glob("lib/**/bin")) == []


def test_the_core_is_shipped_without_its_other_adapters_and_with_its_schemas(app: Path) -> None:
    core = app / "lib/vt_connectors"
    assert (core / "__init__.py").is_file()
    assert {path.name for path in (core / "adapters").iterdir()} == {"__init__.py", "server"}
    assert not (core / "sandbox").exists()
    schemas = PROJECT / "schemas"
    expected = {path.relative_to(schemas) for path in schemas.rglob("*.json")}
    assert {path.relative_to(core / "schemas") for path in core.glob("schemas/**/*.json")} == expected
