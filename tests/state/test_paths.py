"""The paths of the state, and paths that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from vt_connectors.backends.sqlite import paths as location
from vt_connectors.backends.sqlite.paths import (
    all_mounts,
    default_state_file,
    network_file_system,
    quota_file,
    refuse_unsafe_place,
)
from vt_connectors.errors import ConfigError

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export {root}/mnt nfs4 rw 0 0
tmpfs {root}/mnt/fast tmpfs rw 0 0
//server/share {root}/with\\040space cifs rw 0 0
host:/ {root}/home/remote fuse.sshfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("local/state.db", None),
        ("mnt/state.db", "nfs4"),
        ("mnt/not/made/yet/state.db", "nfs4"),
        ("mntx/state.db", None),
        ("mnt/fast/state.db", None),
        ("with space/state.db", "cifs"),
        ("home/remote/state.db", "fuse.sshfs"),
        ("home/link/state.db", "nfs4"),
    ],
)
def test_the_innermost_mount_decides(tmp_path: Path, path: str, kind: str | None) -> None:
    for folder in ("mnt/fast", "with space", "home/remote"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home/link").symlink_to(tmp_path / "mnt")
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.format(root=tmp_path), "utf-8")
    assert network_file_system(tmp_path / path, all_mounts(mounts)) == kind


def test_without_a_list_of_mounts_nothing_is_refused(tmp_path: Path) -> None:
    assert network_file_system(Path("/mnt/x"), all_mounts(tmp_path / "none")) is None


def test_a_network_folder_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "network_file_system", lambda path, mounts: "nfs4")
    with pytest.raises(ConfigError, match="nfs4"):
        refuse_unsafe_place(Path("/mnt/x/state.db"))


def test_the_default_is_in_the_users_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state_file({}) == tmp_path / "vt-connectors" / "state.db"


@pytest.mark.parametrize(("state", "quota"), [("a/state.db", "a/state-quota.db"), ("a/state", "a/state-quota.db")])
def test_the_quota_has_a_separate_file(state: str, quota: str) -> None:
    assert quota_file(Path(state)) == Path(quota)


@pytest.mark.parametrize("name", ["/", "//", "/.", "/tmp/.."])
def test_the_root_folder_is_no_state_file(name: str) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        refuse_unsafe_place(Path(name))


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_a_file_that_sqlite_keeps_beside_a_state_is_no_state_file(end: str, tmp_path: Path) -> None:
    beside, link = tmp_path / f"state.db{end}", tmp_path / "link.db"
    beside.write_bytes(b"x")
    link.symlink_to(beside)
    for path in (beside, link):
        with pytest.raises(ConfigError, match="SQLite"):
            refuse_unsafe_place(path)
    assert beside.read_bytes() == b"x"
