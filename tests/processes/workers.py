"""Many `vtaction run` processes at once."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vtaction_process import RunnerProcess, Running, lookup

PATIENCE_S = 600


@dataclass(frozen=True)
class Member:
    """One process, and the file with its response lines."""

    process: Running
    answers_file: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def answers(self) -> list[dict[str, Any]]:
        """Its answers, after its end."""
        self.process.wait(60)
        return [json.loads(line) for line in self.answers_file.read_text("utf-8").splitlines()]


def workers(runner: RunnerProcess, folder: Path, count: int, hashes: list[str], **changes: str) -> list[Member]:
    """`count` processes that look up all `hashes`, each in a different order."""
    return [_member(runner, folder / f"{number}", hashes, random.Random(number), changes) for number in range(count)]


def _member(
    runner: RunnerProcess, place: Path, hashes: list[str], order: random.Random, changes: dict[str, str]
) -> Member:
    own = order.sample(hashes, len(hashes))
    requests = place.with_suffix(".in")
    requests.write_text(
        "".join(json.dumps(lookup(value, options={"max_wait_s": PATIENCE_S})) + "\n" for value in own), "utf-8"
    )
    answers_file = place.with_suffix(".out")
    errors = place.with_suffix(".err")
    with requests.open("rb") as stdin, answers_file.open("wb") as stdout, errors.open("wb") as stderr:
        process = runner.fork("run", stdin=stdin, stdout=stdout, stderr=stderr, **changes)
    return Member(process, answers_file)
