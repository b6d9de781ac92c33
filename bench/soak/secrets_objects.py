"""The key in a running core: all objects that can be reached from it, and their texts."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import traceback
import types
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any, Callable

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.network_harness import LONG_AFTER_S, comment, lookup
from bench.soak.secrets_echoes import STEPS
from bench.soak.secrets_search import in_bytes
from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer
from vt_connectors import ConnectorError, connect
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.core import Core
from vt_connectors.sandbox import Quota, SandboxServer

_HASH = "8c" * 32
_REQUESTS: list[dict[str, Any]] = [lookup(_HASH), comment(_HASH), {"action": "quota", "params": {}}]
# The program itself: its modules and classes, and what they lead to, is everybody's.
_NOT_ENTERED = (types.ModuleType, type, types.BuiltinFunctionType, types.CodeType)
_PLAIN = (str, bytes, bytearray, int, float, bool, type(None))
_CONTAINERS = (dict, list, tuple, set, frozenset, deque)
_MOST_OBJECTS = 200_000
_EVERY = 6


def tallies(effort: Effort) -> Iterator[Tally]:
    walked = Tally(
        "objects reached from a core after answers, errors and retries, with their `repr` and `vars`",
        "the key's text anywhere but in the one object that is the key",
    )
    for version in ("3", "2"):
        for core, after in _used(version, effort):
            for path in holders(core):
                walked.count(f"API v{version}, after {after}: {path}")
            walked.tried += reached(core)
    yield walked
    yield _copies()
    yield _tracebacks(effort)


def holders(root: object) -> list[str]:
    """How one comes from `root` to whatever holds or says the key, other than the `ApiKey`."""
    return [found for found, _ in _walk(root) if found]


def reached(root: object) -> int:
    return sum(1 for _ in _walk(root))


def _used(version: str, effort: Effort) -> Iterator[tuple[Core, str]]:
    """One core that had all of the faults, looked at after some of them; one that had good answers and keeps its
    connections."""
    clock = FakeClock()
    with ScriptedServer() as server:
        core = _core(server.url, clock, version)
        for number, (name, step) in enumerate(STEPS.items()):
            server.script(step)
            for request in _REQUESTS:
                core.answer(request)
            if effort.is_long or number % _EVERY == 0:
                yield core, name
            clock.advance(LONG_AFTER_S)
        core.close()
    with SandboxServer(Quota.unlimited()) as sandbox:
        core = _core(sandbox.url, clock, version)
        for request in _REQUESTS:
            core.answer(request)
        yield core, "good answers"
        core.close()


class _Default:
    """Where the settings would be."""

    def __call__(self) -> ApiKey:
        return ApiKey(KEY)


def _core(url: str, clock: FakeClock, version: str) -> Core:
    given = {"VT_API_URL": url, "VT_STATE": "memory", "VT_QUOTA": "none", "VT_TIMEOUT": "0.2"}
    return build(settings_from({**given, "VT_API_VERSION": version}), _Default(), clock)


def _walk(root: object) -> Iterator[tuple[str, object]]:
    """Every object once, with the way to it where it gives the key away."""
    known: dict[int, object] = {id(root): root}
    to_do: deque[tuple[object, str]] = deque([(root, type(root).__name__)])
    while to_do and len(known) < _MOST_OBJECTS:
        one, path = to_do.popleft()
        if isinstance(one, ApiKey):
            yield (f"{path} says it" if KEY in f"{one!r}{one}" else ""), one
            continue
        yield (f"{path} says it" if not isinstance(one, _CONTAINERS) and in_bytes(_said(one)) else ""), one
        for held in _held(one):
            if isinstance(held, _PLAIN):
                if isinstance(held, (str, bytes, bytearray)) and in_bytes(_bytes(held)):
                    yield f"{path} holds it", held
            elif not isinstance(held, _NOT_ENTERED) and id(held) not in known:
                known[id(held)] = held
                to_do.append((held, f"{path}/{type(held).__name__}"))


def _held(one: object) -> list[Any]:
    if isinstance(one, types.FunctionType):
        return [one.__closure__, one.__defaults__, one.__kwdefaults__, one.__dict__]
    if isinstance(one, types.TracebackType):
        return [one.tb_frame, one.tb_next]
    if isinstance(one, types.FrameType):
        return [one.f_locals, one.f_back]
    if isinstance(one, threading.local):
        return [vars(one)]
    if isinstance(one, weakref.ref):
        return [one()]
    if isinstance(one, weakref.WeakSet):
        return list(one)
    return gc.get_referents(one)


def _said(one: object) -> bytes:
    try:
        return f"{one!r}{one}".encode("utf-8", "replace")
    except Exception:
        return b""


def _bytes(text: str | bytes | bytearray) -> bytes:
    return text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)


def _copies() -> Tally:
    tally = Tally("ways to copy or show the key or a core with it", "the key's text came out")
    with ScriptedServer() as server:
        core = _core(server.url, FakeClock(), "3")
        server.script(STEPS["401 with the key"])
        core.answer(_REQUESTS[0])
        for one in (ApiKey(KEY), core, core.context, {"key": ApiKey(KEY)}, ValueError(ApiKey(KEY))):
            for way in (pickle.dumps, copy.deepcopy, repr, str, format, vars, _as_exception):
                tally.count(*([f"{way.__name__} of {type(one).__name__}"] if in_bytes(_outcome(way, one)) else []))
        core.close()
    return tally


def _as_exception(one: object) -> str:
    """A traceback that shows its frames' variables."""
    try:
        raise ValueError(one)
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(shown.format())


def _outcome(way: Any, one: object) -> bytes:
    try:
        return _said(way(one))
    except Exception as error:
        return _said(error)


def _tracebacks(effort: Effort) -> Tally:
    """The Python API's errors have no context that leads to the request: a traceback may show all that it has."""
    tally = Tally("tracebacks of the Python API's errors, with their frames' variables", "the key's text in one")
    # Lookups are asked again after real pauses.
    for name, step in list(STEPS.items())[:: effort.times(_EVERY, 1)]:
        with ScriptedServer() as server:
            server.script(step)
            vt = connect(api_key=KEY, api_url=server.url, state="memory", quota="none", timeout=0.2)
            for ask in (vt.lookup_hash, lambda value, vt=vt: vt.add_comment(value, "seen")):
                tally.count(*([f"after {name}"] if in_bytes(_traceback_of(ask).encode()) else []))
            vt.close()
    return tally


def _traceback_of(ask: Callable[[str], object]) -> str:
    try:
        ask(_HASH)
    except ConnectorError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    raise AssertionError("a fault was answered as if it were none")
