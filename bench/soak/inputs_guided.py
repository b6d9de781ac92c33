"""Inputs that a fuzzer finds by code coverage. If atheris is not installed, this part is skipped."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

from bench.soak.drill import Effort, Tally
from bench.soak.inputs_objects import sandboxs
from tests.vtaction_process import clean_environment
from vt_connectors.actions import ACTIONS

_AT_ONCE = 2
_MOST_S = 25
_COUNT = re.compile(r"^#(\d+)\s", re.MULTILINE)
_FAILED = re.compile(r"Uncaught Python exception: ===\n(.*)")
_INPUT = re.compile(r"^Base64: (.*)", re.MULTILINE)


def tallies(effort: Effort) -> Iterator[Tally]:
    if find_spec("atheris") is None:
        print("skipped: inputs that a fuzzer finds, as atheris is not installed")
        return
    seeds = _seeds()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda target: _fuzzed(target, seeds[target], effort), seeds)


def _seeds() -> dict[str, list[str]]:
    """The initial inputs of each target."""
    examples = [action.example for action in ACTIONS.values()]
    return {
        "indicators": [str(value) for params in examples for value in params.values()],
        "lines": [json.dumps({"action": name, "params": dict(action.example)}) for name, action in ACTIONS.items()],
        "answers": [base.said.body for base in sandboxs()],
        "chunks": ['x,y,__mv_x\n"a ""b""",c,$d$;$e$\n,,\n', "x\n8.8.8.8\n\r\n", 'vt_status,x\n"a\nb",c\n'],
    }


def _fuzzed(target: str, seeds: list[str], effort: Effort) -> Tally:
    tally = Tally(f"inputs found by coverage (atheris): {target}", "an exception, or an answer against the contract")
    place = effort.place(f"inputs/guided-{target}")
    for number, seed in enumerate(seeds):
        (place / f"seed-{number}").write_text(seed, "utf-8")
    runs = [f"-runs={effort.times(300, 100_000)}", f"-max_total_time={_MOST_S}", f"-seed={effort.seed % 2**32}"]
    command = [sys.executable, "-m", "bench.soak.guided", target, *runs, f"-artifact_prefix={place}/", str(place)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        env=clean_environment(),
        timeout=4 * _MOST_S,
        check=False,
    )
    (place.parent / f"guided-{target}.log").write_text(done.stderr + done.stdout, "utf-8")
    _count(tally, done.returncode, done.stderr + done.stdout)
    return tally


def _count(tally: Tally, code: int, said: str) -> None:
    tally.tried = max((int(number) for number in _COUNT.findall(said)), default=0)
    if code:
        what, input_ = (found[1] if found else "" for found in (_FAILED.search(said), _INPUT.search(said)))
        tally.lost, tally.losses = 1, [f"exit {code}, {what[:300]}; with base64 {input_[:1500]}"]
