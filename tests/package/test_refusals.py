"""What the build leaves out, and what it refuses to build."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from package.spl.app_tree import assemble
from package.spl.build_error import BuildError
from package.spl.build_spl import CACHE, PROJECT, VENDOR_LISTS
from package.spl.forbidden_content import find_impure
from package.spl.vendoring import Pin, fetch, find_cached, read_list, read_lists

WHEEL = "thing-1.0-py3-none-any.whl"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A source tree like ours, but small."""
    root = tmp_path / "project"
    (root / "splunk_app").mkdir(parents=True)
    shutil.copytree(PROJECT / "splunk_app/default", root / "splunk_app/default")
    for name in ("app.manifest", "README.txt"):
        shutil.copy(PROJECT / "splunk_app" / name, root / "splunk_app")
    shutil.copy(PROJECT / "LICENSE", root)
    for folder in (
        "connectors/vt_connectors/adapters/http",
        "connectors/vt_connectors/cache/sandbox",
        "connectors/vt_connectors/sandbox",
        "schemas",
    ):
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").touch()
    shutil.copy(PROJECT / "connectors/vt_connectors/__init__.py", root / "connectors/vt_connectors")
    return root


Libraries = dict[str, dict[str, Path]]


def wheel(folder: Path, files: dict[str, bytes], pythons: Sequence[str] = ("3.9",), name: str = WHEEL) -> Libraries:
    """One library for `pythons`: a wheel with a licence and `files`."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {"thing-1.0.dist-info/LICENSE": b"Do as you like.", **files}.items():
            archive.writestr(name, content)
    return {python: {"thing": path} for python in pythons}


def shipped(app: Path) -> set[str]:
    return {path.relative_to(app).as_posix() for path in app.rglob("*") if path.is_file()}


def test_dotfiles_caches_and_site_settings_in_the_source_are_left_out(project: Path, tmp_path: Path) -> None:
    unwanted = [
        "local/vtlookup.conf",
        "metadata/local.meta",
        "bin/__pycache__/x.pyc",
        ".hidden",
        "bin/.x/y.py",
    ]
    for name in unwanted:
        (project / "splunk_app" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "splunk_app" / name).touch()
    app = assemble(project, wheel(tmp_path, {}), tmp_path)
    assert shipped(app).isdisjoint(unwanted)
    assert find_impure(app) == []


def test_only_top_folders_of_the_core_are_excluded(project: Path, tmp_path: Path) -> None:
    files = shipped(assemble(project, wheel(tmp_path, {}), tmp_path))
    core = {name for name in files if name.startswith("lib/vt_connectors/")}
    assert core == {
        "lib/vt_connectors/__init__.py",
        "lib/vt_connectors/cache/sandbox/__init__.py",
        "lib/vt_connectors/schemas/__init__.py",
    }


def test_a_librarys_code_and_licence_are_kept_and_the_rest_is_not(project: Path, tmp_path: Path) -> None:
    names = ["thing/__init__.py", "thing/data.pem", "thing/tests/test_it.py", "thing/x.so", "thing/x.so.1"]
    names += ["thing-1.0.data/scripts/run", "bin/run", "thing-1.0.dist-info/METADATA"]
    libraries = wheel(tmp_path, dict.fromkeys(names, b""))
    files = shipped(assemble(project, libraries, tmp_path))
    ours = {name for name in files if name.startswith("lib/") and not name.startswith("lib/vt_connectors/")}
    assert ours == {"lib/thing/__init__.py", "lib/thing/data.pem", "lib/licenses/thing.txt"}


def test_a_library_that_all_pythons_share_is_carried_once(project: Path, tmp_path: Path) -> None:
    libraries = wheel(tmp_path, {"thing/__init__.py": b""}, pythons=("3.9", "3.13"))
    files = shipped(assemble(project, libraries, tmp_path))
    assert {name for name in files if "thing" in name} == {"lib/thing/__init__.py", "lib/licenses/thing.txt"}


def test_a_library_that_differs_is_carried_for_each_python_with_its_licence(project: Path, tmp_path: Path) -> None:
    old = wheel(tmp_path, {"thing/__init__.py": b"old = True"})
    new = wheel(tmp_path, {"thing/__init__.py": b"old = False"}, ("3.13",), "thing-2.0-py3-none-any.whl")
    app = assemble(project, {**old, **new}, tmp_path)
    assert {name for name in shipped(app) if "thing" in name} == {
        f"lib/{folder}/{name}" for folder in ("py39", "py313") for name in ("thing/__init__.py", "licenses/thing.txt")
    }
    assert (app / "lib/py39/thing/__init__.py").read_bytes() == b"old = True"
    assert (app / "lib/py313/thing/__init__.py").read_bytes() == b"old = False"


def test_a_library_for_one_python_alone_is_not_seen_by_the_other(project: Path, tmp_path: Path) -> None:
    files = shipped(assemble(project, {**wheel(tmp_path, {"thing/__init__.py": b""}), "3.13": {}}, tmp_path))
    assert {name for name in files if name.endswith("thing/__init__.py")} == {"lib/py39/thing/__init__.py"}


@pytest.mark.parametrize("start", [b"\x7fELF\x02", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe\x07"])
def test_compiled_code_under_an_innocent_name_is_refused(start: bytes, project: Path, tmp_path: Path) -> None:
    libraries = wheel(tmp_path, {"thing/data.txt": start})
    with pytest.raises(BuildError, match=r"lib/thing/data\.txt"):
        assemble(project, libraries, tmp_path)


def test_a_library_without_a_licence_is_refused(project: Path, tmp_path: Path) -> None:
    path = tmp_path / WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing/__init__.py", b"")
    with pytest.raises(BuildError, match="licence"):
        assemble(project, {"3.9": {"thing": path}}, tmp_path)


def test_a_library_that_writes_outside_of_the_app_is_refused(project: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="outside"):
        assemble(project, wheel(tmp_path, {"../../evil.py": b""}), tmp_path)


def test_a_template_without_the_versions_place_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "splunk_app/default/app.conf").write_text("[id]\nversion = 1.0.0\n", "utf-8")
    with pytest.raises(BuildError, match=r"app\.conf"):
        assemble(project, wheel(tmp_path, {}), tmp_path)


@pytest.mark.parametrize("line", ["requests", "requests>=2", "requests==2.32.5", "requests==1 --hash=sha256:ab"])
def test_a_library_that_is_not_pinned_to_the_byte_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "vendor-3.9.txt").write_text(line + "\n", "utf-8")
    with pytest.raises(BuildError, match="sha256"):
        read_list(tmp_path / "vendor-3.9.txt")


@pytest.mark.parametrize("name", ["vendor.txt", "vendor-3.txt", "vendor-4.0.txt", "vendor-3.9.txt.bak"])
def test_a_list_that_does_not_say_for_which_python_it_is_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(BuildError, match="vendor-<python>"):
        read_list(tmp_path / name)
    with pytest.raises(BuildError, match="vendor-<python>"):
        read_lists(tmp_path)


def test_a_cached_file_with_other_content_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / WHEEL).write_bytes(b"not what was pinned")
    assert find_cached([Pin("thing", "1.0", frozenset({"0" * 64}))], tmp_path) == {}


@pytest.mark.usefixtures("spl")
def test_nothing_is_downloaded_when_the_cache_has_it_all() -> None:
    for libraries in read_lists(VENDOR_LISTS):
        files = fetch(libraries, CACHE, python="/no/such/python")
        assert sorted(files) == sorted(pin.name for pin in libraries.pins)
