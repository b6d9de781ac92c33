"""`vtaction run` while it waits, and signals in quick succession."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from typing import Any

from tests.vtaction_process import RunnerProcess, lookup

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Seconds: far more than any machine needs; the limit for a process that hangs.
MOST_S = 60
_ANSWERED = {"id": "first", "action": "lookup_ip", "params": {"ip": "10.0.0.1"}}
WAITING = 3


def ended_by(run: RunnerProcess, chance: random.Random) -> tuple[list[dict[str, Any]], int | None]:
    """The answers of a process that gets signals in quick succession while lines wait for quota, and its exit
    status: None if it does not end.
    """
    process = run.fork("run", VT_QUOTA="1/hour")
    assert process.stdin is not None
    assert process.stdout is not None
    waiting = [lookup(f"{index:032x}", id=index, options={"max_wait_s": 86400}) for index in range(WAITING)]
    for document in (_ANSWERED, *waiting):
        process.stdin.write(json.dumps(document).encode() + b"\n")
    process.stdin.flush()
    # Byte by byte, because `communicate` does not get data in a read-ahead buffer.
    first = b""
    while not first.endswith(b"\n"):
        first += os.read(process.stdout.fileno(), 1)
    answers = [json.loads(first)]
    # A signal should interrupt the handler of the previous one, so pauses are as short as the handler.
    for number in [chance.choice(SIGNALS) for _ in range(chance.choice((2, 3, 500)))]:
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            os.kill(process.pid, number)
        time.sleep(chance.uniform(0, 0.0002))
    try:
        answers += [json.loads(line) for line in process.communicate(timeout=MOST_S)[0].splitlines()]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return answers, None
    return answers, process.returncode


def losses(answers: list[dict[str, Any]], code: int | None) -> list[str]:
    """The errors in the answers and the exit status."""
    if code is None:
        return ["it did not end"]
    found = []
    if [answer["id"] for answer in answers] != ["first", *range(WAITING)]:
        found.append(f"answers to {[answer['id'] for answer in answers]}")
    codes = {answer["error"]["code"] for answer in answers if answer["error"]}
    if codes - {"cancelled"} or code != (75 if codes else 0):
        found.append(f"exit status {code} with errors {sorted(codes)}")
    return found
