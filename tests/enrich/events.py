"""Events, and `vtaction enrich` as a process that gets them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import Any

from tests.vtaction_process import EICAR, RunnerProcess


def md5(number: int) -> str:
    """A hash that the sandbox may or may not know."""
    return hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()


def line(**event: Any) -> str:
    return json.dumps(event) + "\n"


def enriched(run: RunnerProcess, text: str, *arguments: str, field: str = "md5", **changes: str) -> str:
    """stdout of a process that ended well, and whose events waited for their answers."""
    done = run.text("enrich", "--field", field, *WAITING, *arguments, stdin=text, **changes)
    assert done.returncode == 0, done.stderr
    return done.stdout


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(each) for each in text.splitlines()]


def running(run: RunnerProcess, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
    return run.start("enrich", "--field", "md5", *WAITING, *arguments, **changes)


# As long as nothing takes on any machine.
WAITING = ("--max-wait", "90s")
KNOWN = line(n=1, md5=EICAR)
