"""Search commands for the tests of the driver: one with the SDK, and functions for others without it."""

from __future__ import annotations

import textwrap
from pathlib import Path

SDK_COMMAND = """
import sys
from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch

@Configuration(distributed=False)
class Upper(StreamingCommand):
    field = Option(require=True)

    def prepare(self):
        if self.field == "forbidden":
            self.write_error("this field is forbidden")
            sys.exit(1)
        self.configuration.required_fields = [self.field]

    def stream(self, records):
        for record in records:
            if record[self.field] == "boom":
                raise ValueError("boom")
            record["seen"] = sorted(name for name in record if not name.startswith("_"))
            record["upper"] = record[self.field].upper()
            yield record
        self.write_warning("one chunk done")

dispatch(Upper, sys.argv, sys.stdin, sys.stdout, __name__)
"""

# A command without the SDK: `ask` reads a chunk, `tell` writes one.
PLAIN_COMMAND = """
import json, os, subprocess, sys, time

def ask():
    _, meta, body = sys.stdin.buffer.readline().split(b",")
    return sys.stdin.buffer.read(int(meta)), sys.stdin.buffer.read(int(body)).decode()

def tell(meta, body=""):
    meta, body = json.dumps(meta).encode(), body.encode()
    sys.stdout.buffer.write(b"chunked 1.0,%d,%d\\n" % (len(meta), len(body)) + meta + body)
    sys.stdout.buffer.flush()

"""


def plain_command(folder: Path, body: str) -> Path:
    """A command that runs `body` with the functions of PLAIN_COMMAND."""
    script = folder / "plain.py"
    script.write_text(PLAIN_COMMAND + textwrap.dedent(body), "utf-8")
    return script
