"""`vtaction run` while it waits, and signals that come right behind each other."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from typing import Any

from tests.vtaction_process import RunnerProcess, lookup

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Seconds: far more than any machine needs, and the end of the wait for what hangs.
MOST_S = 60
_ANSWERED = {"id": "first", "action": "lookup_ip", "params": {"ip": "10.0.0.1"}}
WAITING = 3


def ended_by(run: RunnerProcess, chance: random.Random) -> tuple[list[dict[str, Any]], int | None]:
    """What a process answers that has lines waiting for quota when signals come right behind each other, and its
    exit status: None if it does not end.
    """
    process = run.start("run", VT_QUOTA="1/hour")
    assert process.stdin is not None
    assert process.stdout is not None
    waiting = [lookup(f"{index:032x}", id=index, options={"max_wait_s": 86400}) for index in range(WAITING)]
    for document in (_ANSWERED, *waiting):
        process.stdin.write(json.dumps(document).encode() + b"\n")
    process.stdin.flush()
    # Byte by byte: what a buffer has read ahead is not there for `communicate`.
    first = b""
    while not first.endswith(b"\n"):
        first += os.read(process.stdout.fileno(), 1)
    answers = [json.loads(first)]
    # The handler of one is to be interrupted by the next: pauses as short as what it takes.
    for number in [chance.choice(SIGNALS) for _ in range(chance.choice((2, 3, 500)))]:
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
    """What is wrong with that."""
    if code is None:
        return ["it did not end"]
    found = []
    if [answer["id"] for answer in answers] != ["first", *range(WAITING)]:
        found.append(f"answers to {[answer['id'] for answer in answers]}")
    codes = {answer["error"]["code"] for answer in answers if answer["error"]}
    if codes - {"cancelled"} or code != (75 if codes else 0):
        found.append(f"exit status {code} with errors {sorted(codes)}")
    return found
