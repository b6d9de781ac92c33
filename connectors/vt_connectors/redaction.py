"""Removes API keys from logs, answers and requests, including the logs of other programs and libraries."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping

from .api_key import ApiKey, may_hold_a_key
from .errors import BY_CODE, ConnectorError, InvalidIndicator, InvalidRequest
from .light_typing import TYPE_CHECKING, Any, Callable, TypeVar
from .log import filter_lines
from .quick_imports import suppress
from .threads import lock_of_process

if TYPE_CHECKING:
    from logging import LogRecord

# A response document, whatever its type.
_Response = TypeVar("_Response", bound=Mapping[str, Any])
# How often each was remembered.
_KEYS: dict[ApiKey, int] = {}
_LOCK = lock_of_process()
# Loggers of libraries that log URLs, which may contain a key.
_LIBRARIES = ("urllib3.connectionpool", "urllib3.util.retry")
# Parameters that are indicators; their errors are `invalid_indicator`.
_INDICATORS = ("hash", "url", "domain", "ip", "indicator", "value")
_WHY = "contains an API key: no request was sent and nothing was stored; remove the key"


def remember(key: ApiKey) -> ApiKey:
    """`key`. From now on no log of this process shows it, whatever handler writes the log."""
    with _LOCK:
        _KEYS[key] = _KEYS.get(key, 0) + 1
    filter_lines(_hide_keys)
    if "logging" in sys.modules:
        from logging import getLogger

        for name in _LIBRARIES:
            getLogger(name).addFilter(_hide_keys)
    return key


def forget(key: ApiKey) -> None:
    """Take back one `remember`. Texts are compared with every remembered key, so their number must stay limited."""
    with _LOCK:
        left = _KEYS.pop(key, 0) - 1
        if left > 0:
            _KEYS[key] = left


def without_keys(text: str) -> str:
    """`text` without any remembered key."""
    for key in tuple(_KEYS):
        text = key.redact(text)
    return text


def redacted(document: Any, own: ApiKey | None = None) -> Any:
    """A JSON document without any remembered key and without `own`, if they are long enough to be recognised."""
    return _redacted(document, known_keys(own))


def _redacted(document: Any, keys: Collection[ApiKey]) -> Any:
    if isinstance(document, str):
        for key in keys:
            document = key.redact(document) if key.is_in(document) else document
        return document
    if isinstance(document, Mapping):
        return {
            # A key that is a word, as for a sandbox, may be equal to an error code of the contract.
            _redacted(name, keys): value if name == "code" and _is_code(value) else _redacted(value, keys)
            for name, value in document.items()
        }
    if isinstance(document, (list, tuple)):
        return [_redacted(value, keys) for value in document]
    return document


def _is_code(value: object) -> bool:
    return isinstance(value, str) and value in BY_CODE


class KeyGuard:
    """Detects keys in input: a remembered key, the request's own, or the configured one.

    Reading the configured key takes time, and a cached answer does not need it. So it is read only if a text may
    contain a key, and before a request is sent.
    """

    def __init__(self, default_key: Callable[[], ApiKey]) -> None:
        self._default_key = default_key
        self._has_read = False

    def read_key(self) -> None:
        """Read and remember the configured key, if there is one."""
        if self._has_read:
            return
        with suppress(ConnectorError):  # reported when a request is to be sent
            remember(self._default_key())
            self._has_read = True

    def look_at(self, document: Any) -> None:
        """Read the configured key if `document` may contain it."""
        if not self._has_read and any(may_hold_a_key(text) for text in _texts(document)):
            self.read_key()

    def refuse(self, action: str, params: Mapping[str, Any], own: ApiKey | None = None) -> None:
        """Raises `InvalidRequest` or `InvalidIndicator` if a known key, or the request's own, is in the action's name,
        or in a parameter's name or value. The error does not repeat it.
        """
        keys = known_keys(own)
        if _any_in(keys, action):
            raise InvalidRequest(f"/action {_WHY}", details={"path": "/action"})
        for name, value in params.items():
            if _any_in(keys, name):
                raise InvalidRequest(f"the name of a parameter {_WHY}", details={"path": "/params"})
            if any(_any_in(keys, text) for text in _texts(value)):
                path = f"/params/{name}"
                kind = InvalidIndicator if name in _INDICATORS else InvalidRequest
                raise kind(f"{path} {_WHY}", details={"path": path})

    def without(self, values: Iterable[str]) -> list[str]:
        """Those of `values` that contain no known key, after `look_at`."""
        given = list(values)
        self.look_at(given)
        keys = known_keys()
        shortest = min((key.shortest_holder for key in keys), default=math.inf)
        if max(map(len, given), default=0) >= shortest:
            plain = [value for value in given if value.isascii() and "%" not in value and "\\" not in value]
            if len(plain) < len(given) or _any_in(keys, " ".join(plain)):
                return [value for value in given if not _any_in(keys, value)]
        return given


def known_keys(own: ApiKey | None = None) -> Collection[ApiKey]:
    """The remembered keys, and `own`."""
    return {*_KEYS, own} if own is not None else tuple(_KEYS)


def without_own(response: _Response, own: ApiKey | None) -> _Response:
    """A response without the key of its request, in all fields that repeat values of the caller."""
    if own is None:
        return response
    changed = {name: redacted(response[name], own) for name in ("id", "action", "summary", "error")}
    result: Any = {**response, **changed}
    return result  # type: ignore[no-any-return]


def own_key(document: object) -> ApiKey | None:
    """The key in a request document, if any."""
    auth = document.get("auth") if isinstance(document, Mapping) else None
    given = auth.get("api_key") if isinstance(auth, Mapping) else None
    try:
        return ApiKey(given) if isinstance(given, str) else None
    except ConnectorError:
        return None


def _any_in(keys: Iterable[ApiKey], text: str) -> bool:
    return any(key.is_in(text) for key in keys)


def _texts(document: Any) -> Iterator[str]:
    """Every text in a JSON document of any depth, including names."""
    left = [document]
    while left:
        part = left.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, (list, tuple)):
            left.extend(part)
        elif isinstance(part, Mapping):
            yield from map(str, part)
            left.extend(part.values())


def _hide_keys(record: LogRecord) -> bool:
    from logging import Formatter

    message = record.getMessage()
    if without_keys(message) != message:
        record.msg, record.args = without_keys(message), ()
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = without_keys(Formatter().formatException(record.exc_info))
    return True
