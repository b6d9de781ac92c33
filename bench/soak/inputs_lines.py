"""Lines for `vtaction run`: one process reads them all, and answers each with a line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.inputs_harness import broken, outcome_of
from bench.soak.inputs_mutated import text_of
from bench.soak.inputs_requests import bent_documents, documents, expected_id
from bench.soak.inputs_tries import drawn, shown
from tests.vtaction_process import lookup, vtaction_process
from vt_connectors.adapters.runner.multiline_json import begins_array
from vt_connectors.adapters.runner.partial_json import MOST_NESTED
from vt_connectors.sandbox import Quota, SandboxServer

_LONGEST = 1024 * 1024
# A truncated document is joined with the lines after it. Two of these after each line are never taken for its rest,
# because JSON never has one object directly after another.
_BEHIND = [json.dumps(lookup(id=name)).encode() for name in ("one behind", "two behind")]
_MOST_S = 240
_MALFORMED = ("invalid_request", "unknown_action", "unsupported_version", "config_error")
_TOO_LONG = [
    b'{"id": "long", "x": "%s"}' % (b"x" * (size - 24)) for size in (_LONGEST, _LONGEST + 1, _LONGEST + 2, 3 * _LONGEST)
]
# Far deeper than Python can parse, and around its limit.
_TOO_DEEP = [
    b"[" * 500_000 + b"]" * 500_000,
    b'{"a":' * 100_000,
    *(b'{"action": "quota", "params": %s}' % (b"[" * depth + b"]" * depth) for depth in (300_000, *range(970, 1000))),
]


def _at_once(document: Any) -> Any:
    """The document without options that would wait in real time."""
    params = document.get("params") if isinstance(document, dict) else None
    if isinstance(params, dict):
        params = {name: value for name, value in params.items() if name not in ("wait_s", "scan_if_missing")}
        return {**document, "params": params}
    return document


@st.composite
def _hurt(draw: st.DrawFn, texts: st.SearchStrategy[bytes]) -> bytes:
    text = draw(texts)
    place, other = draw(st.integers(0, len(text))), draw(st.integers(0, 255))
    ways = [
        text[:place],
        text[place:],
        text[:place] + bytes([other]) + text[place + 1 :],
        text[:place] + bytes([other]) + text[place:],
        text + text,
        b'{"action": "quota", "id": 1, ' + text[1:],
        b"\xef\xbb\xbf" + text,
        b" \t" + text + b"\r",
        b"[" + text + b"]",
    ]
    return draw(st.sampled_from(ways))


_WHOLE = st.one_of(documents(), bent_documents()).map(_at_once).map(text_of).map(str.encode)
_BLANK = st.sampled_from([b"", b" ", b"\t \r", b"\x0b\x0c", b"\xc2\xa0", b"\xef\xbb\xbf"])
_SCRAPS = st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b'"', b":", b",", b'"a"', b"1", b"null", b"\\", b" "])).map(
    b"".join
)
_LINES = (
    st.one_of(_WHOLE, _WHOLE, _hurt(_WHOLE), _hurt(_WHOLE), _SCRAPS, st.binary(max_size=60), _BLANK)
    .map(lambda line: line.replace(b"\n", b" "))
    .filter(lambda line: not _begins_array(line))
)


def _begins_array(line: bytes) -> bool:
    """Whether later lines may belong to it, or it has several answers: tests/runner/test_arrays.py tests these."""
    text = line.decode("utf-8", "replace")
    if not begins_array(text):
        return False
    try:
        array = json.loads(text.lstrip("\ufeff \t\r"))
    except (ValueError, RecursionError):
        return True
    return len(array) > 1


def tallies(effort: Effort) -> Iterator[Tally]:
    lines = drawn(effort, effort.times(50, 3_000), _LINES)
    place = effort.place("inputs")
    (place / "lines").write_bytes(b"".join(line + b"\n" for line in _with_those_behind(lines + _TOO_LONG + _TOO_DEEP)))
    tally = Tally(
        "lines to one `vtaction run`: whole requests, bent ones, cut ones, bytes that are none, too long, too deep",
        "a line without its answer, another line's answer, one against the contract, a traceback, a wrong exit status",
    )
    with SandboxServer(Quota.unlimited()) as server:
        _answer(server, place, tally, effort.seed)
    yield tally


def _with_those_behind(lines: list[bytes]) -> Iterator[bytes]:
    # Only the first line may have a byte order mark.
    yield from _BEHIND
    for line in lines:
        yield line
        yield from _BEHIND


def _answer(server: SandboxServer, place: Path, tally: Tally, seed: int) -> None:
    code = _run(server, place)
    lines = enumerate((place / "lines").read_bytes().split(b"\n")[:-1], 1)
    answers = iter((place / "answers").read_bytes().split(b"\n")[:-1])
    seen: list[dict[str, Any]] = []
    for number, line in lines:
        if not line.strip():
            continue
        answer = next(answers, None)
        if answer is None:
            losses = ["no answer"]
        else:
            seen.append(json.loads(answer))
            losses = [*broken(seen[-1]), *_wrong_answer(number, line, seen[-1])]
        tally.count(*(f"{loss}; to line {number}, {shown(line)} (seed {seed})" for loss in losses))
    tally.count(*(f"{loss} (seed {seed})" for loss in _wrong_end(code, seen, [*answers], place / "errors")))


def _run(server: SandboxServer, place: Path) -> int | None:
    """The exit status; None if it did not end."""
    runner = vtaction_process(server, place)
    environment = {**runner.environment, "VT_API_KEY": KEY}
    with ExitStack() as files:
        stdin = files.enter_context((place / "lines").open("rb"))
        stdout, stderr = (files.enter_context((place / name).open("wb")) for name in ("answers", "errors"))
        process = subprocess.Popen(runner.command("run"), stdin=stdin, stdout=stdout, stderr=stderr, env=environment)
        try:
            return process.wait(_MOST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None


def _wrong_answer(number: int, line: bytes, response: dict[str, Any]) -> Iterator[str]:
    outcome = outcome_of(response)
    if line in _BEHIND and response["status"] != "ok":
        yield f"a good line, and {outcome}"
    try:
        document = json.loads(line.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except RecursionError:
        return  # whether it is too deep depends on the version of Python
    except ValueError:
        document = None
        if outcome == "invalid_request" and response["error"]["details"].get("line") != number:
            yield f"it is told of line {response['error']['details'].get('line')}"
    if len(line) > _LONGEST:
        document = None
    if isinstance(document, list) and len(document) == 1:
        document = document[0]  # an array of one request
    if _is_too_deep(document):
        document = None
    if not isinstance(document, dict) and outcome != "invalid_request":
        yield f"no JSON object, and {outcome}"
    if len(line) != _LONGEST and response["id"] != expected_id(document):
        yield f"the id is {response['id']!r}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two values with the same name holds would depend on the reader, so such a line is none."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name is there twice")
    return dict(pairs)


def _is_too_deep(document: Any) -> bool:
    """Whether it has more levels than the runner allows."""
    level = [document]
    for _ in range(MOST_NESTED):
        level = [inner for value in level for inner in _within(value)]
    return any(isinstance(value, (dict, list)) for value in level)


def _within(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _wrong_end(code: int | None, responses: list[dict[str, Any]], more: list[bytes], errors: Path) -> Iterator[str]:
    if more:
        yield f"{len(more)} answers more than lines, the first {shown(more[0])}"
    if b"Traceback" in errors.read_bytes():
        yield f"a traceback in {errors}"
    found = {outcome_of(response) for response in responses}
    lasting = {
        outcome_of(response) for response in responses if response["error"] and not response["error"]["retryable"]
    }
    due = 2 if found & {*_MALFORMED} else 1 if lasting else 75 if any(each["error"] for each in responses) else 0
    if code != due:
        yield f"the exit status is {code} and not {due}"
