"""All kinds of chunks through the search command's paths, which must agree; and invalid frames to its process."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st

from bench.soak.drill import Effort, Tally
from bench.soak.inputs_tries import shown, try_all
from bench.soak.splunk_harness import Lookup, installed
from package.splunkd_driver.csv_body import Record, encode_body
from package.splunkd_driver.driver import SearchInfo
from package.splunkd_driver.wire import encode_frame, read_parts
from tests.splunk import test_both_ways as ways
from tests.splunk.forked_app import MOST_S, run_started
from vt_connectors.sandbox import Quota, SandboxServer
from vtlookup_app.chunks import protocol as pipe
from vtlookup_app.chunks.reply import AddedFields

_AT_ONCE = 2
_PREFIXES = st.sampled_from(["vt_", "", "p."])
_HEADERS = [
    b"x\n",
    b"x,y\n",
    b"y,__mv_x,x\n",
    b'"x","y"\r\n',
    b"\xef\xbb\xbfx\n",
    b"x,x\n",
    b"vt_status,x\n",
    b"\n",
    b"",
]
_TEXTS = st.text(st.sampled_from('x,"\n\r$a\0;\u2028\x85\u00fc\U0001f600 '), max_size=60).map(str.encode)
_BODIES = st.tuples(st.sampled_from(_HEADERS), _TEXTS | st.binary(max_size=60)).map(b"".join)
_CHUNKS = st.tuples(ways.chunks(), _PREFIXES, st.booleans(), st.integers(1, 40))


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally("chunks of events, by the search command's fast ways and by the plain one", "they do not agree")
    try_all(tally, effort, effort.times(40, 4_000), _CHUNKS, lambda drawn: _wrong_events(*drawn))
    yield tally
    tally = Tally("bodies of any bytes, by the search command's two fast ways", "they do not agree")
    try_all(tally, effort, effort.times(100, 10_000), _BODIES, _wrong_body)
    yield tally
    with SandboxServer(Quota.unlimited()) as server:
        yield _broken_frames(effort, installed(effort, server))


def _wrong_events(chunk: tuple[list[str], list[Record]], prefix: str, raw: bool, block: int) -> Iterator[str]:
    fields, events = chunk
    body = encode_body(fields, events).decode()
    with patch.object(pipe, "_BLOCK", block):
        quick = ways.quickly(ways.command(prefix, raw), body)
    if quick != ways.by_text(ways.command(prefix, raw), body):
        yield "the way through bytes and the one through text"
    if not events or ("\0" in body and sys.version_info < (3, 11)):
        return  # no `csv` of before 3.11 reads NUL, and so the SDK does not
    if ways.records_of(quick) != ways.records_of(ways.plainly(ways.command(prefix, raw), body)):
        yield "the fast ways and the plain one"


def _wrong_body(body: bytes) -> Iterator[str]:
    made = ways.command("vt_", False)
    reply = AddedFields(made._search).reply(
        ways.body_of(body), lambda values: made._enrich(values, preview=False), final=True
    )
    content = b"".join(reply.parts)
    if len(content) != reply.size:
        yield f"{len(content)} bytes, and {reply.size} told"
    if content.decode() != ways.by_text(ways.command("vt_", False), body.decode("utf-8", "replace")):
        yield "the way through bytes and the one through text"


def _broken_frames(effort: Effort, lookup: Lookup) -> Tally:
    tally = Tally(
        "frames to the search command that are none: cut, with bytes changed, with wrong sizes, with other metadata",
        "a process that does not end, a traceback, half a reply, a failed search without its message",
    )
    draws = [random.Random(effort.seed + number) for number in range(effort.times(6, 200))]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for losses in pool.map(lambda chance: _losses(lookup, _broken_frame(chance)), draws):
            tally.count(*losses)
    return tally


def _broken_frame(chance: random.Random) -> bytes:
    body = encode_body(["x"], [{"x": "10.0.0.1"}, {"x": "none"}])
    metadata: Any = {"action": "execute", "finished": chance.random() < 0.5}
    frame = encode_frame(metadata, body)
    place = chance.randrange(len(frame))
    sizes = [chance.choice([0, 1, 7, 31, 2**31, 10**12, 10**30]) for _ in range(2)]
    other: Any = chance.choice(
        [None, [], 1, {}, {"action": "getinfo"}, {"action": 7}, {**metadata, "finished": "\0"}, "\ud800"]
    )
    return chance.choice(
        [
            frame[:place],
            frame[:place] + bytes([chance.randrange(256)]) + frame[place + 1 :],
            frame[:place] + chance.randbytes(3) + frame[place:],
            frame[place:],
            b"chunked 1.0,%d,%d\n" % (sizes[0], sizes[1]) + frame,
            b"chunked 1.0,%d,0\n" % len(json.dumps(other)) + json.dumps(other).encode(),
            chance.randbytes(2000),
            b"\n" * chance.randrange(1, 9) + frame,
        ]
    )


def _losses(lookup: Lookup, frame: bytes) -> list[str]:
    return [f"{loss}, of {shown(frame)}" for loss in _wrong_end(lookup, frame)]


def _wrong_end(lookup: Lookup, frame: bytes) -> Iterator[str]:
    getinfo = encode_frame(SearchInfo(["ip=x"], dispatch_dir=str(lookup.home)).as_metadata())
    command = [lookup.python, str(lookup.script)]
    run = run_started if lookup.forked is None else lookup.forked.run
    try:
        done = run(command, lookup.process_environment, getinfo + frame)
    except subprocess.TimeoutExpired:
        yield f"no end within {MOST_S:.0f} s"
        return
    out = io.BytesIO(done.stdout)
    try:
        # Of events that are no CSV no reply can be.
        told = [json.loads(parts[0]) for parts in iter(lambda: read_parts(out), None)]
    except Exception as error:
        yield f"half a reply: {error}"
        return
    if done.stderr:
        yield f"on stderr: {done.stderr[-300:]!r}"
    if done.returncode and not any("ERROR" in str(metadata.get("inspector")) for metadata in told):
        yield f"exit {done.returncode} without a message"
