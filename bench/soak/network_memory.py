"""Unlimited bodies: the memory of a process is measured in a separate process."""

from __future__ import annotations

import functools
import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.network_harness import found, lookup
from tests.scripted_server import ScriptedServer, Step, Wire, answer, head
from tests.vtaction_process import clean_environment

_MB = 1_000_000
_MOST_MB = 64
_HASH = "7b" * 32
_GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
_MEASURED = """
import json, os, sys, tracemalloc
from vt_connectors.adapters.core_from_environment import core_from
from vt_connectors.clock import SystemClock
tracemalloc.start()
print(json.dumps(core_from(os.environ, SystemClock()).answer(json.load(sys.stdin))))
print(tracemalloc.get_traced_memory()[1], file=sys.stderr)
"""


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "bodies of 50 MB and more, packed, in chunks, without an end, and deep JSON, each to a process of its own",
        f"it took {_MOST_MB} MB more than for a good answer, it failed, or another code than `invalid_response`",
    )
    place = effort.place("network")
    usual, _ = _peak(found(_HASH), place / "usual")
    for name, make in list(_STEPS.items())[: effort.times(2, 99)]:
        peak, code = _peak(make(), place / name.replace(" ", "-"))
        more = (peak - usual) / _MB
        wrong = [f"{name}: {more:.0f} MB more"] if more > _MOST_MB else []
        tally.count(*wrong, *([] if code == "invalid_response" else [f"{name}: {code}"]))
    yield tally


def _endless_chunks(wire: Wire) -> None:
    wire.send(head(200, {"Transfer-Encoding": "chunked"}, None))
    while not wire.over.is_set():
        wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@functools.cache
def _bomb() -> bytes:
    """A gzip of 200 MB: one packed part again and again, which is made sooner than all of it is packed."""
    part, checksum = b"[" * _MB, 0
    for _ in range(200):
        checksum = zlib.crc32(part, checksum)
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    trailer = checksum.to_bytes(4, "little") + (200 * _MB).to_bytes(4, "little")
    return gzip.compress(b"")[:10] + packed * 200 + packer.flush() + trailer


# Made only where they are sent.
_STEPS: dict[str, Callable[[], Step]] = {
    "50 MB": lambda: answer(200, b"x" * 50 * _MB),
    "200 MB in a gzip of 1 MB": lambda: answer(200, _bomb(), _GZIP),
    "deep JSON": lambda: answer(200, b'{"data":' + b"[" * 15 * _MB),
    "gzip within gzip": lambda: answer(200, gzip.compress(_bomb()), {**_GZIP, "Content-Encoding": "gzip, gzip"}),
    "50 MB without a length": lambda: lambda wire: wire.send(head(200, {}, None) + b"x" * 50 * _MB),
    "chunks without an end": lambda: _endless_chunks,
    "one chunk of 50 MB": lambda: (
        lambda wire: wire.send(
            head(200, {"Transfer-Encoding": "chunked"}, None) + b"%x\r\n" % (50 * _MB) + b"x" * 50 * _MB
        )
    ),
    "a length of a thousand million": lambda: lambda wire: wire.send(head(200, {}, 10**9) + b"x" * 50 * _MB),
}


def _peak(step: Step, output: Path) -> tuple[int, str]:
    """The most bytes the process had at once, and the code it answered."""
    with ScriptedServer() as server:
        server.script(step)
        environment = {**clean_environment(), "VT_API_URL": server.url, "VT_API_KEY": KEY, "VT_STATE": "memory"}
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED],
            input=json.dumps(lookup(_HASH)) + "\n",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
    output.write_text(done.stdout + done.stderr, "utf-8")
    try:
        response, peak = json.loads(done.stdout), int(done.stderr.splitlines()[-1])
    except (ValueError, IndexError):
        return 0, f"neither an answer nor a figure: {done.stderr[-300:]}"
    return peak, response["error"]["code"] if response["error"] else response["status"]
