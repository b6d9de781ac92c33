"""Searches like splunkd runs them, with all kinds of events: no part of an event is lost or changed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from bench.soak.drill import Effort, Tally
from bench.soak.splunk_cancelled import cancelled
from bench.soak.splunk_harness import Lookup, Record, installed
from tests.splunk.searching import md5, without_added
from vt_connectors.sandbox import Quota, SandboxServer

_ADDED = ("vt_status", "vt_verdict", "vt_detections", "vt_source", "vt_error")
_STATUSES = {"ok", "not_found", "pending", "skipped", "invalid", "error"}
_LOST = "a record lost or changed, a field absent, an answer missing, words on stderr"
# Whatever somebody may name a field, a user, an app or a value: format fields, quotes, ends of lines, other scripts.
ODD = (
    *("{", "}", "{0}", "{x!r}", "%s%n", "$x$", "a b", "a,b", 'a"b', '""', "'", "\\", "\\n", "a\nb", "a\r\nb", "\t"),
    *("", " ", "=", "a=b", "|", "[", "\x00", "\x1b[2J", "\u2028", "\u202e", "ü", "名前", "\U0001f600", "x" * 5000),
    *("null", "None", "NaN", "-1", "0", "<b>", "../../etc/passwd", "`id`", "$(id)", "; rm", "__mv_x", "_raw", "$$"),
)


def tallies(effort: Effort) -> Iterator[Tally]:
    with SandboxServer(Quota.unlimited()) as server:
        house = installed(effort, server)
        yield _odd_texts(effort, house)
        yield _odd_shapes(effort, house)
    yield from cancelled(effort, house)


def _odd_texts(effort: Effort, lookup: Lookup) -> Tally:
    """In values, in field names, and, with a search that has something to say, in what messages may repeat."""
    tally = Tally("searches with braces, quotes and line ends in values, names, users and messages", _LOST)
    chance = random.Random(effort.seed)
    texts = list(ODD) if effort.is_long else chance.sample(ODD, 4)
    for text in texts:
        events: list[Record] = [{"h": text, "other": text}, {"h": md5(1), "other": text}]
        tally.count(*_losses(text, lookup, [events], "hash=h"))
        # Nothing can be asked without a key: the search says so.
        keyless = lookup.set(VT_API_KEY="")
        tally.count(*_losses(text, keyless, [events], "hash=h", owner=text or "x", app=text or "x", is_quiet=False))
        # A blank is no field's name: the search says so.
        name = "".join(char for char in text if char.isprintable() and char not in '"\\,').strip() or "x"
        if not name.startswith(("_", "vt_")) and len(name) < 200:
            named: list[Record] = [{name: md5(number), "n": str(number)} for number in range(3)]
            tally.count(*_losses(text, lookup, [named], f"hash={name}"))
    return tally


def _odd_shapes(effort: Effort, lookup: Lookup) -> Tally:
    tally = Tally("searches of odd shapes: wide, long, huge fields, many chunks, holes, several values", _LOST)
    scale = effort.times(1, 10)
    columns = range(100)
    wide: list[Record] = [{"h": md5(row), **{f"column {at}": f"{row}-{at}" for at in columns}} for row in range(50)]
    shapes: dict[str, Sequence[Sequence[Record]]] = {
        "a hundred columns": [wide],
        "a field of 10 MB": [[{"h": md5(1), "_raw": 'a,"b"\n' * (1_000_000 * scale // 6)}]],
        "a value of 10 MB to look up": [[{"h": "x" * (1_000_000 * scale), "n": "1"}]],
        "a header of a million characters": [[{"h": md5(1), "c" * (100_000 * scale): "1"}]],
        "one event": [[{"h": md5(1)}]],
        "no event": [[]],
        "no event, then some": [[], [{"h": md5(1)}]],
        "a full chunk": [[{"h": md5(row % 50), "n": str(row)} for row in range(5000 * scale)]],
        "many chunks": [[{"h": md5(row)} for row in range(chunk, chunk + 3)] for chunk in range(100 * scale)],
        "the field in some events": [[{"h": md5(row), "n": "1"} if row % 3 else {"n": "2"} for row in range(30)]],
        "the field in no event": [[{"n": str(row)} for row in range(3)]],
        "several values": [[{"h": [md5(row), md5(row + 1), "none"], "n": ["1", "2"]} for row in range(20)]],
        "several values, some none": [[{"h": ["", md5(1)]}, {"h": md5(2)}, {"h": ""}]],
        "the same field as ours": [[{"h": md5(1), "vtx": "1", "VT_STATUS": "mine"}]],
        "half a character": [[{"h": md5(1), "n": "\ufffd"}]],
    }
    for name, chunks in shapes.items():
        tally.count(*_losses(name, lookup, chunks, "hash=h", is_quiet=name != "the field in no event"))
        tally.count(*_losses(f"{name}, all fields", lookup, chunks, "hash=h", select_fields=False, is_quiet=False))
    return tally


def _losses(
    what: str,
    lookup: Lookup,
    chunks: Sequence[Sequence[Record]],
    *args: str,
    is_quiet: bool = True,
    select_fields: bool = True,
    **info: str,
) -> list[str]:
    shown = repr(what[:40])
    try:
        result = lookup(chunks, *args, select_fields=select_fields, **info)
    except Exception as error:
        return [f"{shown}: {type(error).__name__}: {str(error)[:200]}"]
    losses = []
    if (result.complete, result.exit_code, result.stderr) != (True, 0, ""):
        losses.append(f"{shown}: complete {result.complete}, exit {result.exit_code}, stderr {result.stderr[-200:]!r}")
    sent = [dict(record) for chunk in chunks for record in chunk]
    if _plain(without_added(result.records)) != _plain(sent):
        losses.append(f"{shown}: {len(sent)} records sent, others came back: {_first_other(sent, result.records)}")
    losses += [f"{shown}: no {name}" for name in _ADDED for record in islice(result.records, 1) if name not in record]
    strange = {status for record in result.records for status in _each(record.get("vt_status"))} - _STATUSES
    losses += [f"{shown}: vt_status {sorted(strange)}"] * bool(strange)
    if is_quiet and any(level in ("ERROR", "FATAL") for level, _ in result.messages):
        losses.append(f"{shown}: {result.messages[:1]}")
    return losses


def _each(value: str | list[str] | None) -> list[str]:
    """The values of a field; an event without an indicator has none."""
    return [each for each in ([value] if isinstance(value, str) else value or []) if each]


def _plain(records: Iterable[Record]) -> list[Record]:
    """An empty field and none are the same to Splunk, and so are a value and a list of it."""
    return [
        {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in record.items()
         if value not in ("", None, [])}
        for record in records
    ]  # fmt: skip


def _first_other(sent: Sequence[Record], came: Sequence[Record]) -> str:
    pairs = zip(_plain(sent), _plain(without_added(came)))
    return next((f"{str(one)[:150]} became {str(other)[:150]}" for one, other in pairs if one != other), "fewer")
