"""The end of a connection."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from pathlib import Path
from typing import Callable

import pytest

from tests.python_api.conftest import KEY, Connect
from tests.python_api.fake_core import FakeCore, connected_to, known
from tests.vtaction_process import EICAR
from vt_connectors import Cancelled, VirusTotal, connect
from vt_connectors.contract.documents import Request
from vt_connectors.contract.response import Response
from vt_connectors.sandbox import SandboxServer
from vt_connectors.threads import alive_threads

PATIENCE_S = 60
METHODS: dict[str, Callable[[VirusTotal], object]] = {
    "lookup": lambda vt: vt.lookup("example.com"),
    "lookup_hash": lambda vt: vt.lookup_hash(EICAR),
    "lookup_many": lambda vt: vt.lookup_many(["example.com"]),
    "add_comment": lambda vt: vt.add_comment(EICAR, "x"),
    "scan_file": lambda vt: vt.scan_file(b"x"),
    "quota": lambda vt: vt.quota(),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_closed_connection_says_so(vt_of: VirusTotal, core: FakeCore, method: str) -> None:
    vt_of.close()
    with pytest.raises(RuntimeError, match=r"closed; make a new one with connect\(\)"):
        METHODS[method](vt_of)
    assert core.requests == []


def test_closing_twice_is_fine_and_closes_the_core_once(core: FakeCore) -> None:
    with connected_to(core) as vt:
        vt.lookup("example.com")
        vt.close()
        vt.close()
    assert core.closed == 1
    assert repr(vt) == "<VirusTotal at a fake, closed>"


def test_a_connection_that_was_never_used_is_closed_too(vt: VirusTotal) -> None:
    vt.close()
    with pytest.raises(RuntimeError, match="closed"):
        vt.lookup("example.com")


def test_the_block_closes_even_when_it_fails(core: FakeCore) -> None:
    def broken(_: Request) -> Response:
        raise ZeroDivisionError

    core.respond = broken
    with pytest.raises(ZeroDivisionError), connected_to(core) as vt:
        vt.lookup("example.com")
    assert core.closed == 1


def test_who_waits_is_woken(vt_of: VirusTotal, core: FakeCore) -> None:
    waiting, met = threading.Event(), threading.Event()

    def wait(request: Request) -> Response:
        waiting.set()
        core.clock.sleep(3600)
        return known(request)

    def look_up() -> None:
        with pytest.raises(Cancelled, match="closed"):
            vt_of.lookup("example.com")
        met.set()

    core.respond = wait
    thread = threading.Thread(target=look_up)
    thread.start()
    assert waiting.wait(PATIENCE_S)
    vt_of.close()
    thread.join(PATIENCE_S)
    assert met.is_set()


def test_what_is_under_way_ends_first_and_the_last_one_out_closes_the_core(vt_of: VirusTotal, core: FakeCore) -> None:
    asked, go_on = threading.Event(), threading.Event()
    found: list[str] = []

    def ask(request: Request) -> Response:
        asked.set()
        assert go_on.wait(PATIENCE_S)
        return known(request)

    core.respond = ask
    thread = threading.Thread(target=lambda: found.append(vt_of.lookup("example.com").status))
    thread.start()
    assert asked.wait(PATIENCE_S)
    vt_of.close()
    assert core.closed == 0
    go_on.set()
    thread.join(PATIENCE_S)
    assert found == ["ok"]
    assert core.closed == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's list of open files")
def test_after_closing_no_file_no_connection_and_no_thread_is_left(sandbox: SandboxServer, tmp_path: Path) -> None:
    state, before = tmp_path / "state.db", alive_threads()
    with connect(KEY, api_url=sandbox.url, state=state, quota="100/minute") as vt:
        vt.lookup_hash(EICAR)
        thread = threading.Thread(target=vt.lookup_ip, args=("8.8.8.8",))
        thread.start()
        thread.join()
        list(vt.lookup_many(["example.com", "1.1.1.1", "8.8.8.8"]))
        assert _open_files(tmp_path)
    assert not _open_files(tmp_path)
    assert alive_threads() == before


def _open_files(folder: Path) -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except OSError:
            continue  # the listing's own
    return [path for path in found if path.startswith(str(folder))]


def test_connections_to_virustotal_are_closed(at_sandbox: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    closed: list[requests.Session] = []
    real = requests.Session.close

    def close(session: requests.Session) -> None:
        closed.append(session)
        real(session)

    monkeypatch.setattr(requests.Session, "close", close)
    vt = at_sandbox()
    vt.lookup_hash(EICAR)
    assert not closed
    vt.close()
    assert len(closed) == 1


def test_a_connection_is_not_pickled(vt: VirusTotal) -> None:
    with pytest.raises(TypeError, match=r"call connect\(\) in each process"):
        pickle.dumps(vt)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_finds_a_closed_connection_closed(vt: VirusTotal) -> None:
    vt.close()
    child = os.fork()
    if child == 0:
        try:
            vt.lookup("10.0.0.1")
        except RuntimeError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
