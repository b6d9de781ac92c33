"""The program behind `tests.forked_command`. It hands its streams, arguments, folder and environment to the socket that
its first argument names, and ends as the process ends that is made of them.

It is run as a script, and imports as little as possible, because its start is all that it costs.
"""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SHUT_WR, SOL_SOCKET, socket


def main() -> None:
    server = socket(AF_UNIX)
    server.connect(sys.argv[1])
    arguments = sys.argv[2:]
    environment = [os.fsencode(f"{name}={value}") for name, value in os.environ.items()]
    parts = [b"%d" % len(arguments), *map(os.fsencode, arguments), os.fsencode(os.getcwd()), *environment]  # noqa: PTH109
    streams = b"".join(stream.to_bytes(4, sys.byteorder) for stream in range(3))
    server.sendmsg([b" "], [(SOL_SOCKET, SCM_RIGHTS, streams)])
    server.sendall(b"\0".join(parts))
    server.shutdown(SHUT_WR)
    answer = server.recv(64)
    if not answer:
        sys.exit("the test that forks has ended")
    status = int(answer)
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
