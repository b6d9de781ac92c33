"""What `make release` writes: complete, the same bytes for the same sources, and it works where nothing else is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from package.bundles.platforms import platforms
from package.release.__main__ import CHECKSUMS, LICENCES, release
from package.release.source import copy_sources, source_date, uncommitted
from package.spl.archive import unpack
from package.spl.build_error import BuildError
from package.spl.build_spl import VENDOR_LISTS
from package.spl.vendoring import read_lists
from package.tool_environment import RELEASE
from tests.package.conftest import made_once
from vt_connectors import __version__
from vt_connectors.sandbox import Quota, SandboxServer

PROJECT = Path(__file__).resolve().parents[2]
EICAR = "44d88612fea8a8f36de82e1278abb02f"
WHEEL, SDIST = f"vt_connectors-{__version__}-py3-none-any.whl", f"vt_connectors-{__version__}.tar.gz"
DOCUMENTS = {f"vt_connectors-{__version__}.cdx.json", f"vtlookup-{__version__}.cdx.json"}
# Rules and documents: a second of tests, which read files of the project and schemas of the package.
QUICK = ("tests/contract/test_schemas.py", "tests/verdict")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all files of a release of the working tree."""
    if RELEASE.find() is None:
        pytest.skip("the tools for releases are not installed: make release")
    return made_once(
        tmp_path_factory, "release", lambda folder: release(PROJECT, folder, dirty=True, report=lambda _: None)
    )


@pytest.fixture(scope="session")
def unpacked(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in the sdist."""
    folder = made_once(tmp_path_factory, "sdist", lambda folder: unpack(released / SDIST, folder))
    return folder / SDIST.removesuffix(".tar.gz")


@pytest.fixture(scope="session")
def clean_python(released: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of an environment that has the wheel and what pip installs with it, and nothing else."""

    def install(folder: Path) -> None:
        # The pip at hand spares the new environment one of its own. Most of what is installed is never imported.
        venv.create(folder, with_pip=False, symlinks=True)
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "--no-compile"]
        pip += ["--quiet", "--disable-pip-version-check", str(released / WHEEL)]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return str(made_once(tmp_path_factory, "with-the-wheel", install) / "bin/python")


def test_every_file_is_there_with_its_checksum(released: Path) -> None:
    names = {path.name for path in released.iterdir()}
    bundles = {f"bundle-{name}-{__version__}.tar.gz" for name in platforms()}
    assert names == {WHEEL, SDIST, f"vtlookup-{__version__}.spl", LICENCES, CHECKSUMS, *DOCUMENTS, *bundles}
    lines = (released / CHECKSUMS).read_text("utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(listed) == names - {CHECKSUMS}
    assert {name: hashlib.sha256((released / name).read_bytes()).hexdigest() for name in listed} == listed


def test_the_sdist_gives_the_same_bytes_in_another_place_at_another_time(
    released: Path, unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    copy = shutil.copytree(unpacked, tmp_path / "copy")
    for path in (path for path in copy.rglob("*") if path.is_file() and path.name != "PKG-INFO"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    before = os.umask(0o077)
    try:
        release(copy, tmp_path / "again", report=lambda _: None)
    finally:
        os.umask(before)
    assert (tmp_path / "again" / CHECKSUMS).read_text("utf-8") == (released / CHECKSUMS).read_text("utf-8")


def test_the_sdist_has_every_file_of_the_project(unpacked: Path, tmp_path: Path) -> None:
    copy_sources(PROJECT, tmp_path)
    wanted = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    there = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert wanted - there == set()
    assert all(os.access(unpacked / name, os.X_OK) == os.access(PROJECT / name, os.X_OK) for name in wanted)


def test_the_wheel_looks_up_an_indicator_where_nothing_else_is_installed(clean_python: str, tmp_path: Path) -> None:
    with SandboxServer(Quota.unlimited()) as sandbox:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "VT_API_URL": sandbox.url,
            "VT_API_KEY": "sandbox",
            "VT_STATE": str(tmp_path / "state.db"),
        }
        command = [str(Path(clean_python).with_name("vtaction")), "lookup", EICAR]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["data"]["verdict"] == "malicious", done.stderr
    assert done.returncode == 0


def test_the_tests_in_the_sdist_run_with_the_wheel(clean_python: str, unpacked: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    # pytest and its plugins are those of this environment. An editable install in it has no effect on that path.
    environment["PYTHONPATH"] = sysconfig.get_path("purelib")
    command = [clean_python, "-m", "pytest", *QUICK]
    done = subprocess.run(command, cwd=unpacked, env=environment, capture_output=True, text=True, check=False)
    assert re.search(r"\b\d{2,} passed", done.stdout, re.MULTILINE), done.stdout[-3000:] + done.stderr[-3000:]
    assert done.returncode == 0


def _documents(released: Path) -> Iterator[tuple[Path, dict[str, object]]]:
    for name in sorted(DOCUMENTS):
        yield released / name, json.loads((released / name).read_text("utf-8"))


def test_the_bills_of_materials_match_the_schema_of_cyclonedx(released: Path) -> None:
    check = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for path in sys.argv[1:]:
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(path, encoding="utf-8").read())
    print(found or "valid")
"""
    broken = released.parent / "broken.cdx.json"
    broken.write_text((released / min(DOCUMENTS)).read_text("utf-8").replace('"required"', '"perhaps"'), "utf-8")
    paths = [*(str(path) for path, _ in _documents(released)), str(broken)]
    done = subprocess.run([str(RELEASE.find()), "-c", check, *paths], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[:2] == ["valid", "valid"], done.stderr
    assert "perhaps" in done.stdout


def test_the_bills_of_materials_have_no_iri(released: Path) -> None:
    """What checks IRIs is not installed. The schema has them in these fields, and as links to other documents."""
    iris = {"url", "references", "featuredImage", "socialImage", "endpoints", "source", "destination"}
    for path, document in _documents(released):
        assert iris.isdisjoint(_fields(document))
        assert "urn:cdx:" not in path.read_text("utf-8")


def _fields(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        yield from document
    if isinstance(document, (dict, list)):
        for part in document.values() if isinstance(document, dict) else document:
            yield from _fields(part)


def test_the_bill_of_materials_of_the_app_has_each_pinned_library_with_the_hash_of_its_file(released: Path) -> None:
    document = json.loads((released / f"vtlookup-{__version__}.cdx.json").read_text("utf-8"))
    there = {(each["name"], each["version"]): each["hashes"][0]["content"] for each in document["components"]}
    pins = {(pin.name, pin.version): pin.sha256s for libraries in read_lists(VENDOR_LISTS) for pin in libraries.pins}
    assert set(there) == set(pins)
    assert all(digest in pins[which] for which, digest in there.items())
    assert all(each["licenses"] for each in document["components"])


def test_the_licences_of_all_libraries_in_the_app_are_there(released: Path) -> None:
    text = (released / LICENCES).read_text("utf-8")
    titles = set(re.findall(r"^=+\n(\S+) \(in lib\S*\)\n=+$", text, re.MULTILINE))
    assert titles == {pin.name for libraries in read_lists(VENDOR_LISTS) for pin in libraries.pins}


def _repository(folder: Path) -> Path:
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", str(folder), *identity, *command], check=True)
    return folder


def test_changes_without_a_commit_are_not_released(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("One", "utf-8")
    project = _repository(tmp_path)
    assert uncommitted(project) == []
    (project / "README.md").write_text("Two", "utf-8")
    with pytest.raises(BuildError, match=r"not in a commit[^$]*README\.md"):
        release(project, tmp_path / "out")


def test_the_date_is_the_changelogs_or_that_of_the_last_commit(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.1.0 (unreleased)\n\n## 1.0.0 (2026-01-02)\n", "utf-8")
    with pytest.raises(BuildError, match="SOURCE_DATE_EPOCH"):
        source_date(tmp_path, {})
    assert source_date(tmp_path, {"SOURCE_DATE_EPOCH": "1767312000"}) == 1767312000
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.0.0 (2026-01-02)\n", "utf-8")
    assert source_date(tmp_path, {}) == 1767312000
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.1.0 (unreleased)\n", "utf-8")
    last = ["git", "-C", str(_repository(tmp_path)), "log", "-1", "--format=%ct"]
    assert source_date(tmp_path, {}) == int(subprocess.run(last, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("given", ["soon", "-1", "1.5", "1" * 20])
def test_a_date_that_is_none_is_an_error(tmp_path: Path, given: str) -> None:
    with pytest.raises(BuildError, match="whole seconds"):
        source_date(tmp_path, {"SOURCE_DATE_EPOCH": given})


def test_a_folder_without_git_and_without_a_list_of_files_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="neither a Git checkout nor an unpacked sdist"):
        copy_sources(tmp_path, tmp_path / "copy")
