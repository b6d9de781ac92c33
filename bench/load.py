"""`python -m bench.load`: sends the same HTTP requests on several connections, and prints how long each took.

One thread with raw sockets, so that it costs little beside the server that it measures. `bench.served` starts it.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import sys
from time import perf_counter

_END = b"\r\n\r\n"


class Connection:
    """One connection that repeats a request as soon as the last one is answered."""

    def __init__(self, host: str, port: int, requests: list[bytes], first: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._next = first
        self._received = b""
        self._missing: int | None = None
        self._began = 0.0

    def send(self) -> None:
        self._received, self._missing = b"", None
        self._began = perf_counter()
        self.socket.sendall(self._requests[self._next % len(self._requests)])
        self._next += 1

    def receive(self) -> tuple[float, int] | None:
        """The seconds and the status of the answer once it is complete. Raises `ConnectionError`."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self._received += piece
        if self._missing is None:
            head, end, _ = self._received.partition(_END)
            if not end:
                return None
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._missing = len(head) + len(_END) + int(length[15:])
        if len(self._received) < self._missing:
            return None
        return perf_counter() - self._began, int(self._received[9:12])


def run(host: str, port: int, requests: list[bytes], clients: int, seconds: float) -> dict[str, object]:
    """The seconds of each answer, the time in all, and how many answers there were of each status."""
    waiting, statuses = selectors.DefaultSelector(), dict[int, int]()
    times: list[float] = []
    for number in range(clients):
        connection = Connection(host, port, requests, number * 97)
        waiting.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send()
    began = perf_counter()
    while (passed := perf_counter() - began) < seconds:
        for key, _ in waiting.select(seconds - passed):
            answer = key.data.receive()
            if answer is not None:
                times.append(answer[0])
                statuses[answer[1]] = statuses.get(answer[1], 0) + 1
                key.data.send()
    return {"times": times, "seconds": passed, "statuses": statuses}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    # The requests come on standard input, because they contain a token.
    requests = [request.encode("latin-1") for request in json.load(sys.stdin)]
    print(json.dumps(run(options.host, options.port, requests, options.clients, options.seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
