"""Searches that are cancelled: stdin closed or SIGTERM, at any moment, also in the middle of a chunk."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import IO

from bench.soak.drill import Effort, Tally
from bench.soak.splunk_harness import Lookup
from package.splunkd_driver.csv_body import encode_body
from package.splunkd_driver.driver import SearchInfo
from package.splunkd_driver.process import Started
from package.splunkd_driver.wire import encode_frame, read_frame
from tests.splunk.searching import md5
from vt_connectors.sandbox import Quota, SandboxServer

_AT_ONCE = 3
# Two seconds are promised. In brief it runs beside the other tests, on a machine that has much else to do; quota comes
# after a minute.
_SOON_S, _SOON_IN_BRIEF_S = 2.0, 30.0
_WAYS = ("stdin closed", "stdin closed in the middle of a chunk", "SIGTERM")


def cancelled(effort: Effort, lookup: Lookup) -> Iterator[Tally]:
    soon_s = _SOON_S if effort.is_long else _SOON_IN_BRIEF_S
    with SandboxServer(Quota.unlimited(), latency_s=0.05) as server:
        waiting = lookup.set(VT_API_URL=server.url, VT_QUOTA="1/minute")
        for way in _WAYS:
            tally = Tally(f"searches cancelled at random moments while they wait for quota: {way}",
                          f"a process still there {soon_s:.0f} s later, a traceback, half a reply")  # fmt: skip
            moments = [random.Random(effort.seed + number).uniform(0.0, 1.5) for number in range(effort.times(3, 30))]
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for loss in pool.map(lambda moment: _cancel(waiting, way, moment, soon_s), moments):  # noqa: B023
                    tally.count(*([loss] if loss else []))
            yield tally


def _cancel(lookup: Lookup, way: str, moment_s: float, soon_s: float) -> str:
    """What was wrong with the end of a search that was cancelled `moment_s` after its chunk was sent."""
    with tempfile.TemporaryFile() as said:
        loss = _cancelled(lookup, way, moment_s, soon_s, said)
        said.seek(0)
        errors = said.read()
    return f"cancelled after {moment_s:.2f} s: {errors[-200:]!r}" if errors and not loss else loss


def _cancelled(lookup: Lookup, way: str, moment_s: float, soon_s: float, said: IO[bytes]) -> str:
    process = lookup.start([lookup.python, str(lookup.script)], lookup.process_environment, said)
    try:
        return _end_of(process, lookup, way, moment_s, soon_s)
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _end_of(process: Started, lookup: Lookup, way: str, moment_s: float, soon_s: float) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    info = SearchInfo(["hash=h", "wait=600"], dispatch_dir=str(lookup.home))
    process.stdin.write(encode_frame(info.as_metadata()))
    process.stdin.flush()
    if read_frame(process.stdout) is None:
        return "no answer to getinfo"
    events = [{"h": md5(number)} for number in range(20)]
    frame = encode_frame({"action": "execute", "finished": False}, encode_body(["h"], events))
    process.stdin.write(frame[: len(frame) // 2] if "middle" in way else frame)
    process.stdin.flush()
    time.sleep(moment_s)
    began = time.monotonic()
    if way == "SIGTERM":
        os.kill(process.pid, signal.SIGTERM)
    else:
        process.stdin.close()
    try:
        process.wait(soon_s)
    except subprocess.TimeoutExpired:
        return f"cancelled after {moment_s:.2f} s: still there {soon_s:.0f} s later"
    took_s = time.monotonic() - began
    return _half_a_reply(process.stdout.read()) or ("" if took_s < soon_s else f"took {took_s:.1f} s")


def _half_a_reply(out: bytes) -> str:
    source = BytesIO(out)
    try:
        while read_frame(source) is not None:
            pass
    except Exception as error:
        return f"half a reply: {error}"
    return ""
