"""A quota record belongs to its state by its id: a key's quota is granted once under any file name."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from tests.responses import error_of
from tests.state.test_lookups_go_on import Harness
from tests.vtaction_process import lookup
from vt_connectors.backends.sqlite import paths as location
from vt_connectors.errors import ConfigError

LIMIT = 4
# A window, and the places that are kept for those that were refused.
_LATER_S = 130.0
Names = Callable[[Path], Path]


def _asked(state: Path, seed: str, harness: Harness) -> int:
    """How many lookups a new process at `state` is granted, if it tries one more than the quota."""
    core = harness.at(state).core()
    before = len(harness.virustotal.asked)
    for number in range(LIMIT + 1):
        core.answer(lookup(f"{seed}{number:031x}", options={"max_wait_s": 0}))
    core.close()
    return len(harness.virustotal.asked) - before


def _link_to_the_file(folder: Path) -> Path:
    link = folder.parent / "link.db"
    link.symlink_to(folder / "state.db")
    return link


def _link_with_another_quota_beside(folder: Path) -> Path:
    other = folder.parent / "other"
    other.mkdir(mode=0o700)
    (other / "named.db").symlink_to(folder / "state.db")
    return other / "named.db"


def _link_to_the_folder(folder: Path) -> Path:
    (folder.parent / "linked").symlink_to(folder)
    return folder.parent / "linked" / "state.db"


def _with_dots(folder: Path) -> Path:
    return folder / ".." / folder.name / "state.db"


def _link_to_a_link(folder: Path) -> Path:
    (folder.parent / "again.db").symlink_to(_link_to_the_file(folder))
    return folder.parent / "again.db"


def _copied_alone(folder: Path) -> Path:
    other = folder.parent / "copy"
    other.mkdir(mode=0o700)
    shutil.copyfile(folder / "state.db", other / "renamed.db")
    return other / "renamed.db"


def _moved_alone(folder: Path) -> Path:
    other = folder.parent / "moved"
    other.mkdir(mode=0o700)
    (folder / "state.db").rename(other / "renamed.db")
    return other / "renamed.db"


def _copied_folder(folder: Path) -> Path:
    shutil.copytree(folder, folder.parent / "copied")
    return folder.parent / "copied" / "state.db"


def _renamed_alone(folder: Path) -> Path:
    return (folder / "state.db").rename(folder / "other.db")


def _moved_folder(folder: Path) -> Path:
    return folder.rename(folder.parent / "elsewhere") / "state.db"


def _moved_pair(folder: Path) -> Path:
    (folder / "state-quota.db").rename(folder / "other-quota.db")
    return (folder / "state.db").rename(folder / "other.db")


def _copied_folder_whose_original_is_gone(folder: Path) -> Path:
    shutil.copytree(folder, folder.parent / "copied")
    shutil.rmtree(folder)
    return folder.parent / "copied" / "state.db"


def _without_its_record(folder: Path) -> Path:
    (folder / "state-quota.db").unlink()
    return folder / "state.db"


def _without_its_cache(folder: Path) -> Path:
    (folder / "state.db").unlink()
    return folder / "state.db"


def _copied_alone_and_the_rest_is_gone(folder: Path) -> Path:
    state = _copied_alone(folder)
    shutil.rmtree(folder)
    return state


def _copied_while_in_use(folder: Path) -> Path:
    """A copy without the log beside it, as of a killed process."""
    Harness(folder / "state.db", "none").core().answer(lookup("8" * 32, options={"cache": "only"}))
    return _copied_alone(folder)


def _of_an_earlier_version_without_its_record(folder: Path) -> Path:
    connection = sqlite3.connect(folder / "state.db")
    connection.execute("DROP TABLE quota_record")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    (folder / "state-quota.db").unlink()
    return folder / "state.db"


def _with_a_record_from_elsewhere(folder: Path) -> Path:
    other = folder.parent / "a third"
    Harness(other / "state.db", "9/minute").answer()
    (other / "state-quota.db").replace(folder / "state-quota.db")
    return folder / "state.db"


def _with_an_older_copy_of_its_record(folder: Path) -> Path:
    """`older` is a copy from before any use."""
    (folder / "older").replace(folder / "state-quota.db")
    return folder / "state.db"


def _with_a_cache_from_elsewhere(folder: Path) -> Path:
    other = folder.parent / "a third"
    Harness(other / "state.db", "9/minute").answer()
    (other / "state.db").replace(folder / "state.db")
    return folder / "state.db"


SAME = [
    _link_to_the_file,
    _link_with_another_quota_beside,
    _link_to_the_folder,
    _with_dots,
    _link_to_a_link,
    _copied_alone,
    _moved_alone,
    _copied_while_in_use,
    _of_an_earlier_version_without_its_record,
    _copied_folder,
    _renamed_alone,
    _moved_folder,
    _moved_pair,
    _copied_folder_whose_original_is_gone,
    _without_its_record,
    _without_its_cache,
    _copied_alone_and_the_rest_is_gone,
    _with_a_record_from_elsewhere,
    _with_an_older_copy_of_its_record,
    _with_a_cache_from_elsewhere,
]


@pytest.mark.parametrize("elsewhere", SAME)
def test_another_name_or_place_grants_nothing_more(tmp_path: Path, elsewhere: Names) -> None:
    folder = tmp_path / "state"
    harness = Harness(folder / "state.db", f"{LIMIT}/minute")
    harness.at(folder / "state.db").core().answer(lookup("9" * 32, options={"cache": "only"}))
    _asked(folder / "state.db", "c", Harness(folder / "state.db", "none"))
    shutil.copyfile(folder / "state-quota.db", folder / "older")
    assert _asked(folder / "state.db", "a", harness) == LIMIT
    state = elsewhere(folder)
    assert _asked(state, "b", harness) == 0
    harness.clock.advance(_LATER_S)
    assert _asked(state, "d", harness) == LIMIT, "and a window later it goes on"


@pytest.mark.parametrize(
    "elsewhere",
    [_link_to_the_file, _link_to_the_folder, _copied_alone, _copied_folder, _with_dots],
    ids=lambda f: f.__name__,
)
def test_both_places_share_one_quota_from_then_on(tmp_path: Path, elsewhere: Names) -> None:
    folder = tmp_path / "state"
    harness = Harness(folder / "state.db", f"{LIMIT}/minute")
    assert _asked(folder / "state.db", "a", harness) == LIMIT
    state = elsewhere(folder)
    for seed in "bcd":
        harness.clock.advance(_LATER_S)
        asked = [_asked(place, f"{seed}{at}"[:1], harness) for at, place in enumerate((state, folder / "state.db"))]
        assert sum(asked) == LIMIT, asked


def test_an_old_and_a_new_process_agree_after_the_record_was_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    harness = Harness(folder / "state.db", f"{LIMIT}/minute")
    knew = harness.core()
    for number in range(LIMIT):
        knew.answer(lookup(f"{number:032x}"))
    (folder / "state-quota.db").unlink()
    assert _asked(folder / "state.db", "b", harness) == 0
    assert error_of(knew.answer(lookup("f" * 32, options={"max_wait_s": 0})))["code"] == "rate_limited"
    harness.clock.advance(_LATER_S)
    assert _asked(folder / "state.db", "c", harness) == LIMIT
    assert error_of(knew.answer(lookup("e" * 32, options={"max_wait_s": 0})))["code"] == "rate_limited"


def test_a_loss_is_waited_out_once_by_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "state"
    harness = Harness(folder / "state.db", f"{LIMIT}/minute")
    _asked(folder / "state.db", "a", harness)
    (folder / "state-quota.db").unlink()
    for seed in "bcd":
        assert _asked(folder / "state.db", seed, harness) == 0
        harness.clock.advance(15)
    harness.clock.advance(100)
    assert _asked(folder / "state.db", "e", harness) == LIMIT
    assert caplog.text.count("the record of used quota was lost") == 1


def test_a_single_file_that_is_mounted_by_itself_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Harness(tmp_path / "state.db").answer()
    for name in ("state.db", "state-quota.db"):
        monkeypatch.setattr(location, "all_mounts", lambda *_: [("/", "ext4"), (str(tmp_path / name), "ext4")])  # noqa: B023
        with pytest.raises(ConfigError, match="mount its folder"):
            Harness(tmp_path / "state.db").core()


@pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0,
    reason="no mounts of our own here",
)
def test_a_really_mounted_single_file_is_refused(tmp_path: Path) -> None:
    Harness(tmp_path / "state.db").answer()
    (tmp_path / "inside").mkdir(mode=0o700)
    (tmp_path / "inside" / "state.db").touch(0o600)
    script = f"""
mount --bind '{tmp_path}/state.db' '{tmp_path}/inside/state.db'
VT_STATE='{tmp_path}/inside/state.db' exec "$@"
"""
    from tests.vtaction_process import RunnerProcess, clean_environment

    run = RunnerProcess(clean_environment())
    command = ["unshare", "-m", "sh", "-c", script, "sh", *run.command("cache", "stats")]
    done = subprocess.run(command, env=run.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "mount its folder" in done.stderr
