"""State files that are damaged while real processes use them; the server enforces the quota exactly."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.soak.drill import KEY, Effort, Tally
from tests.vtaction_process import RunnerProcess, lookup, vtaction_process
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.quota import parse_quota
from vt_connectors.sandbox import Quota, SandboxServer

_PROCESSES, _FAULTS = 6, 3
_LIMIT, _SECONDS = 8, 1.5
_PATIENCE_S = 90.0
# Bytes that say whose file it is, and of which version, can be hit too: then it is left alone, each takes a share.
_NOT_OURS = ("newer version", "another program")


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        f"files of the state broken or deleted under {_PROCESSES} processes at work, {_FAULTS} times each",
        "lookups not answered, or wrongly; requests over the quota",
    )
    right = _right_answers([f"{number:032x}" for number in range(1, effort.times(17, 33))])
    for number in range(effort.times(1, 8)):
        seed = effort.seed + number
        place = effort.place(f"store-crowd-{number}")
        tally.count(*(f"seed {seed}: {loss}" for loss in _one(place, random.Random(seed), right)))
    yield tally


def _right_answers(hashes: list[str]) -> dict[str, object]:
    """Status and data of each hash, as one is told whose state nobody touches."""
    with SandboxServer(Quota.unlimited()) as server:
        settings = Settings(api_url=server.url, state="memory", quota=parse_quota("none"))
        core = build(settings, lambda: ApiKey(KEY), SystemClock())
        answers = {value: core.answer(lookup(value)) for value in hashes}
        core.close()
    return {value: [answer["status"], answer["data"]] for value, answer in answers.items()}


def _one(place: Path, chance: random.Random, right: dict[str, object]) -> list[str]:
    quota = Quota(windows=((_LIMIT, _SECONDS),), per_day=None, per_month=None)
    with SandboxServer(quota, latency_s=0.02) as server:
        folder = place / "state"
        runner = vtaction_process(server, folder)
        runner.environment.update(VT_API_KEY=KEY, VT_QUOTA=f"{_LIMIT}/{_SECONDS}s")
        # Others want some of them too.
        wanted = [chance.sample(sorted(right), len(right) // 2) for _ in range(_PROCESSES)]
        workers = [_Member(runner, place / f"{number}", values) for number, values in enumerate(wanted)]
        # Of what is gone before it came a process cannot know.
        _until(lambda: all(member.has_answers for member in workers))
        done = []
        for _ in range(_FAULTS):
            time.sleep(chance.uniform(0.0, 1.0))
            done.append(_break(folder, chance))
        losses = [loss for member in workers for loss in member.losses(right)]
        said = "".join(member.said for member in workers)
        if server.refused and not any(mark in said for mark in _NOT_OURS):
            losses.append(f"{server.refused} requests over the quota")
    return [f"{', '.join(done)}: {loss}" for loss in losses]


def _break(folder: Path, chance: random.Random) -> str:
    """Some files go, or one is damaged. What lies beside an open one is its process's memory: it goes at most."""
    files = sorted(folder.glob("state*"))
    databases = [path for path in files if path.suffix == ".db"]
    if not databases or chance.random() < 0.3:
        gone = chance.sample(files, chance.randint(min(1, len(files)), len(files)))
        for path in gone:
            path.unlink(missing_ok=True)
        return f"{[path.name for path in gone]} deleted"
    path = chance.choice(databases)
    try:
        with path.open("r+b") as file:
            size = max(1, path.stat().st_size)
            at = chance.randrange(size)
            if chance.random() < 0.3:
                file.truncate(at)
                return f"{path.name} cut off at {at}"
            file.seek(at)
            file.write(chance.randbytes(min(chance.choice((1, 100, 4096)), size - at)))
            return f"{path.name} written over at {at}"
    except FileNotFoundError:
        return f"{path.name} was gone"


@dataclass
class _Member:
    """A process that looks `wanted` up; `place` and a suffix is where it reads and writes."""

    runner: RunnerProcess
    place: Path
    wanted: list[str]

    def __post_init__(self) -> None:
        lines = [json.dumps(lookup(value, id=value, options={"max_wait_s": 600})) for value in self.wanted]
        self._path(".in").write_text("\n".join(lines), "utf-8")
        place = self._path
        with place(".in").open("rb") as given, place(".out").open("wb") as out, place(".err").open("wb") as err:
            self._process = self.runner.fork("run", stdin=given, stdout=out, stderr=err)

    def _path(self, suffix: str) -> Path:
        return self.place.with_suffix(suffix)

    @property
    def has_answers(self) -> bool:
        return self._path(".out").stat().st_size > 0

    @property
    def said(self) -> str:
        return self._path(".err").read_text("utf-8", "replace")

    def losses(self, right: dict[str, object]) -> list[str]:
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        lines = [json.loads(line) for line in self._path(".out").read_bytes().splitlines()]
        told = {line["id"]: line["error"] or [line["status"], line["data"]] for line in lines}
        return [f"{value}: {told.get(value)}" for value in self.wanted if told.get(value) != right[value]]


def _until(came: object) -> None:
    assert callable(came)
    give_up = time.monotonic() + _PATIENCE_S
    while not came():
        assert time.monotonic() < give_up, "the processes never answered"
        time.sleep(0.02)
