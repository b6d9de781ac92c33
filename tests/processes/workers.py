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
    return askers(runner, folder, count, [lookup(value) for value in hashes], **changes)


def askers(
    runner: RunnerProcess, folder: Path, count: int, requests: list[dict[str, Any]], **changes: str
) -> list[Member]:
    """`count` processes that make all `requests`, each in a different order."""
    return [_member(runner, folder / f"{number}", requests, random.Random(number), changes) for number in range(count)]


def _member(
    runner: RunnerProcess, place: Path, documents: list[dict[str, Any]], order: random.Random, changes: dict[str, str]
) -> Member:
    own = order.sample(documents, len(documents))
    requests = place.with_suffix(".in")
    patient = {"max_wait_s": PATIENCE_S}
    requests.write_text("".join(json.dumps({**document, "options": patient}) + "\n" for document in own), "utf-8")
    answers_file = place.with_suffix(".out")
    errors = place.with_suffix(".err")
    with requests.open("rb") as stdin, answers_file.open("wb") as stdout, errors.open("wb") as stderr:
        with_changes = RunnerProcess({**runner.environment, **changes})
        process = with_changes.fork("run", stdin=stdin, stdout=stdout, stderr=stderr)
    return Member(process, answers_file)
