"""The audit log: one line of JSON for each call, which says who asked for what, and what it cost."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable
from datetime import datetime, timezone
from itertools import takewhile
from pathlib import Path
from typing import Any, Callable

from ... import strict_json
from ...actions import ACTIONS
from ...api_key import ApiKey
from ...clock import Clock
from ...config.paths import expanded
from ...errors import ConfigError, internal_error
from ...log import logger
from ...redaction import redacted
from .audit_outputs import AuditOutput, FileOutput, StderrOutput, SyslogOutput
from .callers import Caller
from .messages import Call, Note, Refused, Reply
from .operations.metrics import face_of
from .private_files import changing, read_private, require_folder, write_private
from .token_text import without_tokens

_LOG = logger("serve")
_TRIED_AGAIN_S = 1.0
_LONGEST_TEXT = 200
_LONGEST_INDICATOR, _MOST_INDICATOR_CHARS = 1024, 4096
# Segments of paths that are ours. Others may be an indicator, a key or a token.
_OWN_SEGMENTS = frozenset(
    ("v1", "run", "batch", "actions", "lookup", "quota", "api", "v3", "vtapi", "v2", "healthz", "readyz", "metrics")
)
_KEY_ABOUT = "the key of the audit log"

# How an indicator is logged; None: not at all.
Shown = Callable[[str], str]


class Audit:
    """A `Watcher`. Safe for many threads. Never raises: if lines cannot be written, calls are answered all the same."""

    def __init__(self, output: AuditOutput, clock: Clock, shown: Shown | None) -> None:
        self._output = output
        self._clock = clock
        self._shown = shown
        self._lock = threading.Lock()
        self._failed_at: float | None = None
        self._lost = 0

    @property
    def lost(self) -> int:
        """The lines that could not be written since the start."""
        return self._lost

    @property
    def is_ready(self) -> bool:
        """See `Watcher`."""
        return self._failed_at is None and self._output.is_ready

    def began(self, call: Call) -> None:
        """Lines are written when calls end."""

    def replied(
        self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, sent_bytes: int, took_s: float
    ) -> None:
        """Write the line of a call."""
        further = {
            "status": reply.status,
            "took_ms": round(took_s * 1000),
            "bytes": sent_bytes,
            "refused": refused.reason if refused is not None else None,
        }
        self._write(call, caller, reply.note, further)

    def answered_line(self, call: Call, caller: Caller, note: Note) -> None:
        """Write the line of a single request in a batch. The batch has a line of its own with the same id."""
        self._write(call, caller, note, {"in_batch": True})

    def reopen(self) -> None:
        """Continue in a new file, after the present one was renamed."""
        try:
            self._output.reopen()
        except (OSError, ConfigError) as error:
            why = getattr(error, "strerror", None) or error
            _LOG.error("the audit log was not opened again, and continues in the earlier file: %s", why)

    def _write(self, call: Call, caller: Caller | None, note: Note, further: dict[str, Any]) -> None:
        try:
            entry = {**self._entry(call, caller, note), **further}
            text = strict_json.dumps({name: value for name, value in entry.items() if value is not None})
            self._put(text.encode("ascii") + b"\n")
        except Exception:
            internal_error()

    def _entry(self, call: Call, caller: Caller | None, note: Note) -> dict[str, Any]:
        own_key = caller.api_key if caller is not None else None
        indicators, unlogged = self._indicators(note.indicators, own_key)
        return {
            "time": _time(self._clock.now()),
            "id": call.id,
            "client": caller.name if caller is not None and caller.name else None,
            "remote": call.remote or None,
            "face": face_of(call),
            "method": _bounded(call.method, 20),
            "action": _logged_action(note.action) or _own_part(call.path),
            "indicators": indicators or None,
            "unlogged_indicators": unlogged or None,
            "outcome": _bounded(note.outcome, _LONGEST_TEXT) or None,
            "source": note.source,
            "requests": note.requests,
            "waited_s": round(note.waited_s, 3),
        }

    def _indicators(self, values: Iterable[str], own_key: ApiKey | None) -> tuple[list[str], int]:
        """As they are logged, and how many are not, because the line would be too long."""
        if self._shown is None:
            return [], 0
        logged: list[str] = []
        unlogged, left = 0, _MOST_INDICATOR_CHARS
        for value in values:
            shown = _bounded(self._shown(_without_secrets(value, own_key)), _LONGEST_INDICATOR)
            left -= len(shown)
            if left >= 0:
                logged.append(shown)
            else:
                unlogged += 1
        return logged, unlogged

    def _put(self, line: bytes) -> None:
        # Without the lock as long as all is well: all threads would wait for it.
        failure = self._failure(line) if self._failed_at is None else None
        if failure is None and self._failed_at is None:
            return
        with self._lock:
            now, was_failing = self._clock.monotonic(), self._failed_at is not None
            if failure is None:
                if self._failed_at is not None and now - self._failed_at < _TRIED_AGAIN_S:
                    self._lost += 1
                    return
                failure = self._failure(line)
            self._failed_at = now if failure is not None else None
            self._lost += failure is not None
        # Without the lock, because logging may wait too.
        if failure is not None and not was_failing:
            _LOG.error("the audit log cannot be written, and lines are lost: %s", failure.strerror or failure)
        elif failure is None and was_failing:
            _LOG.warning("the audit log can be written again; lines lost since the start: %d", self._lost)

    def _failure(self, line: bytes) -> OSError | None:
        """Why the line could not be written; None if it was."""
        try:
            self._output.write(line)
        except OSError as error:
            return error
        return None


def audit_log(where: str | None, form: str, key_file: Path, clock: Clock) -> Audit:
    """The log at `where`: None for stderr, `syslog`, or a file. `form`: `plain`, `hash` or `none`, of indicators.

    `key_file`: the key of the hashes, which is made if it is missing. Raises `ConfigError`.
    """
    shown: Shown | None = None
    if form == "hash":
        shown = hashed_with(hash_key(key_file))
    elif form == "plain":
        shown = str
    output: AuditOutput
    if where is None:
        output = StderrOutput()
    elif where == "syslog":
        output = SyslogOutput()
    elif where:
        path = expanded("--audit", where)
        require_folder("--audit", path)
        output = FileOutput(path)
    else:
        raise ConfigError("--audit names no file; name one, or leave the option out")
    return Audit(output, clock, shown)


def hashed_with(key: bytes) -> Shown:
    """HMAC-SHA-256 with a key: without it, the hashes of known domains cannot be computed for comparison."""
    return lambda value: hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def hash_key(path: Path) -> bytes:
    """The key in the file, which is made if it is missing. Raises `ConfigError`."""
    with changing(path, _KEY_ABOUT) as place:
        try:
            text = read_private(place, _KEY_ABOUT).strip()
        except FileNotFoundError:
            text = secrets.token_hex(32)
            write_private(place, f"{text}\n")
    if len(text) < 32:
        raise ConfigError(f"{_KEY_ABOUT} {path} is too short; delete it, and the next start makes one")
    return text.encode("ascii", "replace")


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _without_secrets(text: str, own_key: ApiKey | None = None) -> str:
    """Keys and tokens are refused as indicators, but the refused call is logged too. `own_key`: of the caller."""
    return without_tokens(redacted(text, own_key))


def _logged_action(action: str) -> str:
    """The action of a note. Other texts than the names of our actions may have a part of the caller's."""
    return action if action in ACTIONS else _bounded(_without_secrets(action), _LONGEST_TEXT)


def _own_part(path: str) -> str:
    """The beginning of a path that cannot have a value of the caller."""
    return "/" + "/".join(takewhile(_OWN_SEGMENTS.__contains__, path.split("/")[1:]))


def _bounded(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
