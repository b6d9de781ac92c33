"""A new version of the app replaces the old one: settings and cached answers stay."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from package.spl.archive import unpack
from vt_connectors.sandbox import SandboxServer

from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, normal

# As Splunk writes it for the setup page of a version that had fewer settings.
LOCAL = "[settings]\nquota = 7/day\nnever_query = corp.example\nselected_fields = false\nlog_level = off\n"
META = "[]\naccess = read : [ soc ], write : [ admin ]\n"


@pytest.fixture
def old(app: Path, spl: Path, lookup: Lookup, tmp_path: Path) -> Lookup:
    """An app of the version before, set up and used, with a file that the new one has no more."""
    folder = tmp_path / "splunk/etc/apps/vtlookup"
    shutil.copytree(app, folder)
    for name in ("default/app.conf", "app.manifest"):
        text = (folder / name).read_text("utf-8")
        (folder / name).write_text(text.replace("1.0.0", "0.9.0"), "utf-8")
    default = folder / "default/vtlookup.conf"
    kept = [line for line in default.read_text("utf-8").splitlines() if not line.startswith(("verdict", "comments"))]
    default.write_text("\n".join(kept) + "\n", "utf-8")
    (folder / "bin/vtlookup_app/gone.py").write_text("raise AssertionError\n", "utf-8")
    for path, text in (("local/vtlookup.conf", LOCAL), ("metadata/local.meta", META)):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    command = Lookup(folder, lookup.home, lookup.python, lookup.environment)
    normal(command([[{"x": EICAR_MD5}]], "hash=x", select_fields=False))
    return command


def put_over(spl: Path, app: Path) -> None:
    """What Splunk does with a file to install: it unpacks it over the app's folder."""
    unpack(spl, app.parent)


def test_settings_rights_and_what_was_learnt_stay(old: Lookup, spl: Path, sandbox: SandboxServer) -> None:
    asked = len(sandbox.all_requests)
    put_over(spl, old.app)
    assert "version = 0.9.0" not in (old.app / "default/app.conf").read_text("utf-8")
    assert (old.app / "local/vtlookup.conf").read_text("utf-8") == LOCAL
    assert (old.app / "metadata/local.meta").read_text("utf-8") == META
    result = normal(old([[{"x": EICAR_MD5, "other": "1"}]], "hash=x", select_fields=False))
    assert [row["vt_source"] for row in result.records] == ["cache"]
    assert len(sandbox.all_requests) == asked
    assert not (old.home / "var/log/splunk/vtlookup.log").exists()


def test_the_new_version_reads_what_the_old_one_had_stored(
    old: Lookup, spl: Path, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    put_over(spl, old.app)
    stored = dict(line.split(" = ") for line in LOCAL.splitlines()[1:])
    splunkd.settings = {**splunkd.settings, **stored}
    splunkd.users[SESSION] |= {"list_storage_passwords"}
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    keyless = old.set(VT_API_KEY="", VT_QUOTA="", VT_API_URL="")
    [window] = normal(keyless.command("vtquota")([], **there)).records
    assert (window["window"], window["limit"]) == ("day", "7")
    [row] = normal(keyless([[{"x": "a.corp.example"}]], "domain=x", select_fields=False, **there)).records
    assert row["vt_status"] == "skipped"


def test_the_file_to_install_brings_no_settings_of_a_site(spl: Path) -> None:
    with tarfile.open(spl) as archive:
        names = archive.getnames()
    assert [name for name in names if {"local", "local.meta"} & set(name.split("/"))] == []
    assert "vtlookup/default/vtlookup.conf" in names
