"""Lookups that clients repeat byte by byte, and that the cache has answered: answered again with little work."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any, NamedTuple

from cachetools import LRUCache

from .... import strict_json
from ....actions.repeated_lookups import RepeatableLookup, repeatable
from ....contract.response import Response
from ....core import Core
from ..callers import Caller
from ..cores import Cores
from ..messages import Call, Note, Reply

# Bytes of replies, with an allowance for the calls and for what Python adds.
_MOST_BYTES, _ALLOWANCE = 16 * 1024 * 1024, 4096
LONGEST_BODY, _LONGEST_REPLY = 4096, 64 * 1024
# Headers on which the reply may depend.
_MATTER = frozenset(("prefer", "idempotency-key"))


class _Known(NamedTuple):
    """`begin` and `end`: the reply's body before and after the age of the answer, which is all that changes."""

    lookup: RepeatableLookup
    begin: bytes
    end: bytes
    headers: tuple[tuple[str, str], ...]
    note: Note


class RepeatedCalls:
    """Only what the same token may ask, in the same words, is known here. The core decides whether its answer is still
    the same. Safe for many threads.
    """

    def __init__(self, cores: Cores) -> None:
        self._cores = cores
        self._lock = threading.Lock()
        self._known: LRUCache[Hashable, _Known] = LRUCache(_MOST_BYTES, getsizeof=_size)
        # Of all that is known: another one may have other rules, or another key.
        self._core: Core | None = None

    def reply(self, call: Call, caller: Caller, body: bytes) -> Reply | None:
        """The reply; None if the call has to be answered as a new one. Reads only memory, and does not wait."""
        with self._lock:
            known, core = self._known.get(_name(call, caller, body)), self._core
        if known is None or core is None or not _MATTER.isdisjoint(call.headers) or not self._cores.is_current(core):
            return None
        age_s = known.lookup.age_s(core.context)
        if age_s is None:
            return None
        return Reply(200, b"%b%d%b" % (known.begin, age_s, known.end), known.headers, note=known.note)

    def remember(
        self, call: Call, caller: Caller, body: bytes, document: Any, response: Response, reply: Reply
    ) -> None:
        """Note the `reply` to a call with this request document, if the cache answered it."""
        if response["meta"]["source"] != "cache" or reply.status != 200 or not _MATTER.isdisjoint(call.headers):
            return
        if len(body) + len(call.query) > LONGEST_BODY or caller.api_key is not None:
            return
        with self._cores.core() as core:
            lookup = repeatable(core.context, document) if isinstance(core, Core) else None
            if lookup is None or not isinstance(core, Core):
                return
            known = _Known(lookup, *_around_age(lookup.response), reply.headers, reply.note)
            if len(known.begin) > _LONGEST_REPLY:
                return
            with self._lock:
                if core is not self._core:
                    self._known.clear()
                    self._core = core
                self._known[_name(call, caller, body)] = known


def _name(call: Call, caller: Caller, body: bytes) -> Hashable:
    return call.method, call.path, call.query, caller, body


def _size(known: _Known) -> int:
    return _ALLOWANCE + len(known.begin)


def _around_age(response: Response) -> tuple[bytes, bytes]:
    """The JSON of the response before and after the value of `meta.age_s`."""
    line = strict_json.dumps(response) + "\n"
    # `meta` comes last, and has no text of a caller.
    begin, name, rest = line.rpartition('"age_s":')
    return (begin + name).encode("ascii"), rest[len(str(response["meta"]["age_s"])) :].encode("ascii")
