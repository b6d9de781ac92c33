"""Request documents from a stream: one JSON object, or one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from ..errors import InvalidRequest

LONGEST_LINE_BYTES = 1024 * 1024


class Document(NamedTuple):
    """What stood at `line` (from 1): `value`, or the `error` that it is none."""

    line: int
    value: Any = None
    error: InvalidRequest | None = None


def documents(stream: BinaryIO) -> Iterator[Document]:
    """Each document as soon as it is complete. Blank lines are passed over.

    An object may be spread over lines; a line that only breaks off is put together with the next ones for as long
    as that could still become JSON, and is answered by itself when it cannot.
    """
    held: list[tuple[int, bytes]] = []
    for number, line in _lines(stream):
        if len(line) > LONGEST_LINE_BYTES:
            yield from _singly(held)
            yield Document(number, error=_refused(number, f"is longer than {LONGEST_LINE_BYTES} bytes"))
            held = []
            continue
        if not line.strip() and not held:
            continue
        held.append((number, line))
        document = _parse(held[0][0], b"".join(part for _, part in held))
        if document is None and sum(len(part) for _, part in held) <= LONGEST_LINE_BYTES:
            continue
        if document is not None and (document.error is None or len(held) == 1):
            yield document
            held = []
        else:
            first, rest = held[:-1], held[-1:]
            yield from _singly(first)
            held = []
            yield from _start_again(rest, held)
    yield from _singly(held)


def _start_again(rest: list[tuple[int, bytes]], held: list[tuple[int, bytes]]) -> Iterator[Document]:
    """The line that did not continue what was held begins something of its own."""
    number, line = rest[0]
    if not line.strip():
        return
    document = _parse(number, line)
    if document is None:
        held.append((number, line))
    else:
        yield document


def _singly(held: list[tuple[int, bytes]]) -> Iterator[Document]:
    for number, line in held:
        if line.strip():
            document = _parse(number, line)
            yield document or Document(number, error=_refused(number, "breaks off in the middle of its JSON"))


def _parse(number: int, text: bytes) -> Document | None:
    """None: it breaks off, and might go on in the next line."""
    try:
        # Some editors and shells of Windows begin a file with a mark of its order of bytes.
        decoded = text.decode("utf-8-sig" if number == 1 else "utf-8")
        return Document(number, json.loads(decoded, parse_constant=_no_constant))
    except json.JSONDecodeError as error:
        if error.pos >= len(decoded.rstrip()) and decoded.lstrip().startswith("{"):
            return None
        return Document(number, error=_refused(number, f"is not JSON: {error.msg} at column {error.colno}"))
    except (ValueError, RecursionError) as error:
        reason = "is nested too deep" if isinstance(error, RecursionError) else "is not JSON in UTF-8"
        return Document(number, error=_refused(number, reason))


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _refused(number: int, why: str) -> InvalidRequest:
    return InvalidRequest(f"line {number} {why}", details={"line": number, "path": ""})


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers; of one that is too long the beginning only, one byte longer than is allowed."""
    number = 0
    while line := stream.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        rest = line
        while len(rest) > LONGEST_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE_BYTES + 1)
        yield number, line
