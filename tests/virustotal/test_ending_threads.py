"""Connections to VirusTotal of threads that end."""

from __future__ import annotations

import os
import threading
import time

import pytest
import requests
import urllib3

from vt_connectors.api_key import ApiKey
from vt_connectors.sandbox import SandboxServer
from vt_connectors.virustotal.http.requests_transport import RequestsTransport
from vt_connectors.virustotal.http.transport import HttpRequest

from .house import SECRET

PATIENCE_S = 60


def test_closing_waits_for_a_connection_that_its_ending_thread_is_closing(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_close = threading.Event(), threading.Event()
    closed: list[urllib3.connection.HTTPConnection] = []
    real = urllib3.connection.HTTPConnection.close

    def close(connection: urllib3.connection.HTTPConnection) -> None:
        begun.set()
        may_close.wait(PATIENCE_S)
        time.sleep(0.2)
        real(connection)
        closed.append(connection)

    transport = RequestsTransport(ApiKey(SECRET), 5.0)

    def send() -> None:
        transport.send(HttpRequest("GET", f"{sandbox.url}/api/v3/ip_addresses/8.8.8.8"))
        # From now on only the end of this thread closes the connection.
        monkeypatch.setattr(urllib3.connection.HTTPConnection, "close", close)

    ending = threading.Thread(target=send)
    ending.start()
    assert begun.wait(PATIENCE_S)
    may_close.set()
    transport.close()
    assert len(closed) == 1
    ending.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_closes_no_session_of_its_parent(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of the parent may have held a lock of the session."""
    closed: list[requests.Session] = []
    transport = RequestsTransport(ApiKey(SECRET), 5.0)
    request = HttpRequest("GET", f"{sandbox.url}/api/v3/ip_addresses/8.8.8.8")
    monkeypatch.setattr(requests.Session, "close", lambda session: closed.append(session))
    transport.send(request)
    child = os.fork()
    if child == 0:
        transport.close()
        os._exit(len(closed))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    transport.close()
    assert len(closed) == 1
