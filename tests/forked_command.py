"""A command `vtaction` for shells, whose processes are forked as in `tests.vtaction_process`.

What a shell sends signals to has to be started, because a signal would end the client alone.
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.vtaction_process import RunnerProcess

_CLIENT = Path(__file__).with_name("forked_client.py")
_STREAMS = 3
# Set by Python itself where the locale is C, so by the client too.
_BY_PYTHON = "LC_CTYPE"


@contextlib.contextmanager
def forked_command() -> Iterator[str]:
    """A shell's words that run `vtaction`, before its arguments, for as long as the context lasts."""
    # Tests' own folders have longer names than a socket may have.
    with tempfile.TemporaryDirectory(prefix="vt-") as folder, socket.socket(socket.AF_UNIX) as listening:
        path = str(Path(folder) / "socket")
        listening.bind(path)
        listening.listen()
        thread = threading.Thread(target=_serve, args=(listening,), daemon=True)
        thread.start()
        yield f'"{sys.executable}" -IS "{_CLIENT}" "{path}"'
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was shut down
        while True:
            client, _ = listening.accept()
            # Commands of a pipe run at the same time.
            threading.Thread(target=_run, args=(client,), daemon=True).start()


def _run(client: socket.socket) -> None:
    with client, contextlib.ExitStack() as received:
        streams = [received.enter_context(stream) for stream in _streams(client)]
        with client.makefile("rb") as rest:
            parts = rest.read().split(b"\0")
        count = int(parts[0])
        arguments, folder = map(os.fsdecode, parts[1 : count + 1]), os.fsdecode(parts[count + 1])
        environment = dict(os.fsdecode(entry).split("=", 1) for entry in parts[count + 2 :])
        if _BY_PYTHON not in os.environ:
            environment.pop(_BY_PYTHON, None)
        process = RunnerProcess(environment).fork(
            *arguments, stdin=streams[0], stdout=streams[1], stderr=streams[2], folder=Path(folder)
        )
        # A reader of the output waits until no process can write to it any more.
        received.close()
        client.sendall(b"%d" % process.wait())


def _streams(client: socket.socket) -> list[IO[bytes]]:
    numbers = array.array("i")
    _, ancillary, _, _ = client.recvmsg(1, socket.CMSG_SPACE(_STREAMS * numbers.itemsize))
    for _, _, data in ancillary:
        numbers.frombytes(data)
    return [os.fdopen(number, "rb" if place == 0 else "wb") for place, number in enumerate(numbers)]
