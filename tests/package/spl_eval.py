"""Evaluates an expression of eval, as far as the app's own need it: texts, comparisons and some functions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Optional, Union

Value = Optional[str]
Fields = Mapping[str, Union[str, Sequence[str]]]

_TOKEN = re.compile(r'\s*(?:"((?:\\.|[^"\\])*)"|\'([^\']+)\'|(\w+)|(==|!=|[().,]))')
_END = ("", "")


def evaluate(expression: str, fields: Fields) -> Value:
    """The value, None for null. A multivalued field is its first value. ValueError for what is not understood."""
    return _Reader(expression, fields).whole()


def _function(name: str, given: list[Value]) -> Value:
    if name not in _FUNCTIONS:
        raise ValueError(f"the function {name!r} is not understood")
    return _FUNCTIONS[name](given)


def _case(given: list[Value]) -> Value:
    return next((value for test, value in zip(given[::2], given[1::2]) if test == _TRUE), None)


def _match(given: list[Value]) -> Value:
    text, pattern = given
    return _truth(text is not None and pattern is not None and re.search(pattern, text) is not None)


def _md5(given: list[Value]) -> Value:
    [text] = given
    return None if text is None else hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


_TRUE, _FALSE = "\0true", "\0false"
_FUNCTIONS: Mapping[str, Callable[[list[Value]], Value]] = {
    "if": lambda given: given[1] if given[0] == _TRUE else given[2],
    "case": _case,
    "coalesce": lambda given: next((value for value in given if value is not None), None),
    "match": _match,
    "md5": _md5,
    "true": lambda given: _TRUE,
    "null": lambda given: None,
}


def _truth(value: bool) -> str:
    return _TRUE if value else _FALSE


class _Reader:
    """By precedence: OR, AND, comparison, concatenation, a single value."""

    def __init__(self, expression: str, fields: Fields) -> None:
        self._fields = fields
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, expression.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"{text[at:]!r} is not understood")
            kinds = ("text", "name", "word", "sign")
            self._tokens += [(kind, part) for kind, part in zip(kinds, match.groups()) if part is not None]
            at = match.end()

    def whole(self) -> Value:
        value = self._either()
        if self._next() != _END:
            raise ValueError(f"{self._next()[1]!r} is left over")
        return value

    def _next(self) -> tuple[str, str]:
        return self._tokens[0] if self._tokens else _END

    def _taken(self, *parts: str) -> str:
        kind, part = self._next()
        if kind in ("sign", "word") and part in parts:
            self._tokens.pop(0)
            return part
        return ""

    def _either(self) -> Value:
        value = self._both()
        while self._taken("OR"):
            other = self._both()
            value = _truth(_TRUE in (value, other))
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._taken("AND"):
            other = self._compared()
            value = _truth(value == other == _TRUE)
        return value

    def _compared(self) -> Value:
        value = self._joined()
        sign = self._taken("==", "!=")
        if not sign:
            return value
        other = self._joined()
        # A comparison with null is null, which is not true.
        return None if None in (value, other) else _truth((value == other) == (sign == "=="))

    def _joined(self) -> Value:
        value = self._single()
        while self._taken("."):
            other = self._single()
            value = None if value is None or other is None else value + other
        return value

    def _single(self) -> Value:
        if self._taken("("):
            value = self._either()
            self._close()
            return value
        kind, part = self._next()
        self._tokens[:1] = []
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", part) if "\\" in part else part
        if kind == "word" and self._taken("("):
            return _function(part, self._arguments())
        if kind not in ("word", "name"):
            raise ValueError(f"{part!r} is no value")
        found = self._fields.get(part)
        return found if found is None or isinstance(found, str) else found[0]

    def _arguments(self) -> list[Value]:
        given: list[Value] = []
        while not self._taken(")"):
            given.append(self._either())
            if not self._taken(","):
                self._close()
                break
        return given

    def _close(self) -> None:
        if not self._taken(")"):
            raise ValueError("a bracket does not close")
