"""Expressions of `eval` and `where`, as far as the app's pages use them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Callable

Row = Mapping[str, Any]
Value = Callable[[Row], Any]
_TOKEN = re.compile(r'\s*("(?:\\.|[^"\\])*"|\'[^\']*\'|\d+(?:\.\d+)?|[A-Za-z_][\w.{}]*|!=|==|<=|>=|[-+*/.%=<>(),])')
_RANKS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("=", "==", "!=", "<", ">", "<=", ">="),
    (".",),
    ("+", "-"),
    ("*", "/", "%"),
)


def expression(text: str) -> Value:
    """The function of a row that `text` is. ValueError for what is not known here."""
    return _Parser(text).whole()


def number(value: Any) -> float | None:
    """None for what is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def shown(value: Any) -> Any:
    """A number without a needless fraction, as Splunk shows it."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"not known here: {text[at:]!r}")
            self._tokens.append(match[1])
            at = match.end()
        self._tokens.append("")

    def whole(self) -> Value:
        found = self._binary(0)
        if self._tokens != [""]:
            raise ValueError(f"not known here: {self._tokens}")
        return found

    def _binary(self, rank: int) -> Value:
        if rank == len(_RANKS):
            return self._unary()
        left = self._binary(rank + 1)
        while self._tokens[0].lower() in _RANKS[rank]:
            operator = self._tokens.pop(0).lower()
            left = _joined(operator, left, self._binary(rank + 1))
        return left

    def _unary(self) -> Value:
        token = self._tokens.pop(0)
        if token == "(":
            inner = self._binary(0)
            self._expect(")")
            return inner
        if token == "-":
            value = self._unary()
            return lambda row: -(number(value(row)) or 0)
        if token.lower() == "not":
            value = self._binary(2)
            return lambda row: not value(row)
        if token.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", token[1:-1])
            return lambda row: text
        if re.match(r"\d", token):
            return lambda row: float(token)
        if self._tokens[0] == "(":
            return self._call(token)
        name = token.strip("'")
        if not re.match(r"[A-Za-z_]", name):
            raise ValueError(f"not known here: {token!r}")
        return lambda row: row.get(name)

    def _call(self, name: str) -> Value:
        self._expect("(")
        arguments: list[Value] = []
        while self._tokens[0] != ")":
            arguments.append(self._binary(0))
            if self._tokens[0] == ",":
                self._tokens.pop(0)
        self._expect(")")
        function = _FUNCTIONS[name.lower()]
        return lambda row: function(row, *arguments)

    def _expect(self, token: str) -> None:
        if self._tokens.pop(0) != token:
            raise ValueError(f"{token} is missing")


def _joined(operator: str, left: Value, right: Value) -> Value:
    def value(row: Row) -> Any:
        if operator in ("or", "and"):
            return bool(left(row) or right(row)) if operator == "or" else bool(left(row) and right(row))
        return _computed(operator, left(row), right(row))

    return value


def _computed(operator: str, a: Any, b: Any) -> Any:
    if a is None or b is None:
        return None
    if operator == ".":
        return f"{shown(a)}{shown(b)}"
    x, y = number(a), number(b)
    if operator in ("=", "==", "!=", "<", ">", "<=", ">="):
        if x is None or y is None:
            values = a if isinstance(a, list) else [a]
            return _compared(operator, values, shown(b))
        return {"=": x == y, "==": x == y, "!=": x != y, "<": x < y, ">": x > y, "<=": x <= y, ">=": x >= y}[operator]
    if x is None or y is None:
        return None
    if operator in "/%":
        return None if y == 0 else (x / y if operator == "/" else x % y)
    return {"+": x + y, "-": x - y, "*": x * y}[operator]


def _compared(operator: str, values: list[Any], other: Any) -> bool:
    texts = [str(shown(value)) for value in values]
    if operator in ("=", "=="):
        return str(other) in texts
    if operator == "!=":
        return str(other) not in texts
    return {"<": texts[0] < str(other), ">": texts[0] > str(other)}.get(operator, False)


def _case(row: Row, *pairs: Value) -> Any:
    return next((pairs[at + 1](row) for at in range(0, len(pairs), 2) if pairs[at](row)), None)


def _round(row: Row, value: Value, places: Value | None = None) -> Any:
    found = number(value(row))
    digits = int(places(row)) if places else 0
    return None if found is None else round(found, digits)


def _strftime(row: Row, value: Value, form: Value) -> Any:
    found = number(value(row))
    if found is None:
        return None
    return time.strftime(form(row).replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S"), time.gmtime(found))


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _first(row: Row, values: Value, at: Value, last: Value | None = None) -> Any:
    found, start = _many(values(row)), int(at(row))
    if last is None:
        return found[start] if -len(found) <= start < len(found) else None
    return found[start : int(last(row)) + 1 or None] or None


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "if": lambda row, test, yes, no: (yes if test(row) else no)(row),
    "case": _case,
    "coalesce": lambda row, *values: next((v for each in values if (v := each(row)) is not None), None),
    "round": _round,
    "strftime": _strftime,
    "isnull": lambda row, value: value(row) is None,
    "isnotnull": lambda row, value: value(row) is not None,
    "null": lambda row: None,
    "true": lambda row: True,
    "now": lambda row: time.time(),
    "tonumber": lambda row, value: number(value(row)),
    "tostring": lambda row, value, *_: shown(value(row)),
    "mvjoin": lambda row, values, by: by(row).join(map(str, _many(values(row)))),
    "mvindex": _first,
    "mvcount": lambda row, values: len(_many(values(row))) or None,
    "min": lambda row, *values: (
        min(found) if (found := [n for v in values if (n := number(v(row))) is not None]) else None
    ),
    "max": lambda row, *values: (
        max(found) if (found := [n for v in values if (n := number(v(row))) is not None]) else None
    ),
    "lower": lambda row, value: str(value(row)).lower(),
    "len": lambda row, value: len(str(value(row))),
    "match": lambda row, value, pattern: re.search(pattern(row), str(value(row))) is not None,
    "replace": lambda row, value, old, new: re.sub(old(row), new(row), str(value(row))),
    "in": lambda row, value, *others: any(_computed("=", value(row), other(row)) for other in others),
}
