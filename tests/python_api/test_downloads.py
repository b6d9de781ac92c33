"""Downloads by the typed method, from the sandbox."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import pyzipper

from tests.python_api.conftest import Connect
from tests.python_api.fake_core import FakeCore, document
from vt_connectors import Forbidden, InvalidRequest, TooLarge, VirusTotal

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
EICAR_MD5 = "44d88612fea8a8f36de82e1278abb02f"


@pytest.fixture
def premium(at_sandbox: Connect) -> VirusTotal:
    return at_sandbox(api_key="premium-key")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty, unlike the one that has the state."""
    made = tmp_path / "samples"
    made.mkdir()
    return made


def test_a_file_is_saved_in_a_folder_with_its_progress(premium: VirusTotal, folder: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    saved = premium.download_file(EICAR_MD5, folder, progress=lambda received, total: seen.append((received, total)))
    assert (saved.status, saved.indicator, saved.path) == ("ok", EICAR_MD5, folder / EICAR)
    assert (saved.sha256, saved.md5, saved.size, saved.encrypted) == (EICAR, EICAR_MD5, 68, False)
    assert saved.sha1 is not None
    assert saved.path is not None
    assert hashlib.sha256(saved.path.read_bytes()).hexdigest() == EICAR
    assert seen[-1] == (68, 68)


def test_it_can_be_a_zip_file_with_a_password(premium: VirusTotal, folder: Path) -> None:
    saved = premium.download_file(EICAR, folder / "sample.zip", "infected")
    assert (saved.path, saved.encrypted, saved.size) == (folder / "sample.zip", True, 68)
    with pyzipper.AESZipFile(saved.path) as archive:
        [name] = archive.namelist()
        assert hashlib.sha256(archive.read(name, pwd=b"infected")).hexdigest() == EICAR


def test_a_file_that_is_there_is_replaced_only_on_request(premium: VirusTotal, folder: Path) -> None:
    there = folder / "there.bin"
    there.write_bytes(b"mine")
    there.chmod(0o600)
    with pytest.raises(InvalidRequest, match="exists already"):
        premium.download_file(EICAR, str(there))
    assert there.read_bytes() == b"mine"
    assert premium.download_file(EICAR, str(there), overwrite=True).path == there
    assert len(there.read_bytes()) == 68


def test_a_file_that_is_too_large_is_not_saved(premium: VirusTotal, folder: Path) -> None:
    with pytest.raises(TooLarge):
        premium.download_file(EICAR, folder, max_bytes=67)
    assert list(folder.iterdir()) == []


def test_what_was_not_downloaded_has_no_path(premium: VirusTotal, folder: Path) -> None:
    skipped = premium.download_file(EICAR, folder, cache="only")
    assert (skipped.status, skipped.reason, skipped.path, skipped.encrypted) == ("skipped", "not_cached", None, None)
    unknown = premium.download_file("0" * 64, folder)
    assert (unknown.status, unknown.indicator, unknown.path, unknown.sha256) == ("not_found", "0" * 64, None, None)
    assert list(folder.iterdir()) == []


def test_without_the_licence_it_is_forbidden(vt: VirusTotal, folder: Path) -> None:
    with pytest.raises(Forbidden) as refused:
        vt.download_file(EICAR, folder)
    assert refused.value.details["licence"] == "premium"
    assert list(folder.iterdir()) == []


def test_progress_is_handed_to_the_core_only_where_it_is_wanted(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document("not_found", {"type": "hash", "indicator": EICAR})
    seen: list[tuple[int, int | None]] = []
    vt_of.download_file(EICAR, "a/b", "pass", 9, True, progress=lambda received, total: seen.append((received, total)))
    assert core.requests[0].params == {
        "hash": EICAR,
        "path": "a/b",
        "zip_password": "pass",
        "max_bytes": 9,
        "overwrite": True,
    }
    assert core.observer is not None
    core.observer.bytes_received(1, None)
    assert seen == [(1, None)]
    vt_of.download_file(EICAR, Path("a"))
    assert core.observer is None
    assert core.requests[1].params == {"hash": EICAR, "path": "a"}
