"""Settings and key are read again while the server runs."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.adapters.server.reloading import Replaceable
from vt_connectors.sandbox.accounts import key_digest

from .serving import serving

OLD, NEW = "the-old-key-of-the-server", "the-new-key-of-the-server"


class Thing:
    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        assert not self.is_closed
        self.is_closed = True


def lookup_of(number: int) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": f"{number:032x}"}}


def test_a_key_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(OLD)
    file.chmod(0o600)
    with serving(tmp_path, key="", VT_API_KEY_FILE=str(file)) as server:
        server.run(lookup_of(1))
        replaced = tmp_path / "key.new"
        replaced.write_text(NEW)
        replaced.chmod(0o600)
        replaced.replace(file)
        server.run(lookup_of(2))
        assert [request.key for request in server.sandbox.requests] == [key_digest(OLD), key_digest(NEW)]


def test_all_callers_share_one_core_for_a_version(tmp_path: Path) -> None:
    with serving(tmp_path, VT_API_VERSION="2") as server:
        cores = server.service.cores
        with cores.core() as configured, cores.core("2") as second, cores.core("3") as third, cores.core("3") as again:
            assert second is configured
            assert third is again
            assert third is not configured


def test_the_settings_file_is_read_again_after_a_reload_and_wrong_settings_do_not_replace_valid_ones(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "settings.json"
    _private(file, json.dumps({"cache_ttl": "1h", "never_query": "one.example"}))
    with serving(tmp_path, VT_CONFIG=str(file)) as server:

        def status(domain: str) -> str:
            found: str = server.run({"action": "lookup_domain", "params": {"domain": domain}})["status"]
            return found

        assert (status("one.example"), status("two.example")) == ("skipped", "ok")
        _private(file, json.dumps({"cache_ttl": "no time", "never_query": "two.example"}))
        server.service.cores.reload()
        assert (status("one.example"), status("two.example")) == ("skipped", "ok")
        assert "the settings are wrong, so the earlier ones stay in use: " in caplog.text
        _private(file, json.dumps({"never_query": "two.example"}))
        assert (status("one.example"), status("two.example")) == ("skipped", "ok")
        server.service.cores.reload()
        assert (status("one.example"), status("two.example")) == ("ok", "skipped")


@pytest.mark.parametrize("content", ["", None, "two words"])
def test_a_key_file_without_a_key_does_not_replace_a_valid_key(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "key"
    _private(file, OLD)
    with serving(tmp_path, key="", VT_API_KEY_FILE=str(file)) as server:
        server.run(lookup_of(1))
        file.unlink()
        if content is not None:
            _private(file, content)
        assert server.run(lookup_of(2))["status"] != "error"
        server.service.cores.reload()
        assert server.run(lookup_of(3))["status"] != "error"
        _private(file, NEW)
        server.run(lookup_of(4))
        assert [request.key for request in server.sandbox.requests] == [key_digest(OLD)] * 3 + [key_digest(NEW)]


def _private(file: Path, content: str) -> None:
    file.write_text(content)
    file.chmod(0o600)


def test_what_was_replaced_is_closed_after_its_last_call() -> None:
    shared = Replaceable[Thing]()
    with shared.use(1, Thing) as old:
        with shared.use(1, Thing) as same:
            assert same is old
        with shared.use(2, Thing) as new:
            assert new is not old
        assert not old.is_closed
    assert old.is_closed
    assert not new.is_closed
    shared.close()
    assert new.is_closed


def test_what_could_not_be_made_again_leaves_what_there_is() -> None:
    def fail() -> Thing:
        raise LookupError

    shared = Replaceable[Thing]()
    with shared.use(1, Thing) as thing:
        pass
    with pytest.raises(LookupError), shared.use(2, fail):
        raise AssertionError("not reached")
    assert not thing.is_closed
    with shared.use(1, Thing) as again:
        assert again is thing


def test_threads_share_one_object() -> None:
    shared, seen, ready = Replaceable[Thing](), [], threading.Barrier(8)

    def call() -> None:
        ready.wait()
        with shared.use(1, Thing) as thing:
            seen.append(thing)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, seen))) == 1
