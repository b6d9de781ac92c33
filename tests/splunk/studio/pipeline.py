"""The commands after a search's first one, as far as the app's pages use them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tests.package.spl_fields import parts
from tests.package.spl_reader import given_options

from .expressions import expression, number, shown

Row = dict[str, Any]
Rows = list[Row]
_HOUR_S = 3600
_AGGREGATE = re.compile(r'(\w+)(?:\(([^)]*)\))?(?:\s+AS\s+("[^"]+"|[\w.*]+))?', re.IGNORECASE)
_BY = re.compile(r"\s+by\s+", re.IGNORECASE)
_NAMES = re.compile(r'"[^"]+"|[^\s,]+')
_TERM = re.compile(r'\(|\)|(?:"(?:\\.|[^"\\])*"|[^\s"()])+', re.DOTALL)


def piped(rows: Rows, commands: Iterable[tuple[str, str]]) -> Rows:
    """The rows after `commands`, each a name with its arguments. KeyError for one that is not known here."""
    for name, arguments in commands:
        rows = COMMANDS[name](rows, arguments.strip())
    return rows


def matches(row: Row, text: str) -> bool:
    """Whether a row matches the terms of `search`: comparisons, IN, texts, AND, OR, NOT."""
    tokens = re.sub(r"(\S+) IN \(([^)]*)\)", _in_as_or, text)
    return _or(_TERM.findall(tokens), row)


def _in_as_or(match: re.Match[str]) -> str:
    return "(" + " OR ".join(f"{match[1]}={value.strip()}" for value in match[2].split(",")) + ")"


def _or(tokens: list[str], row: Row) -> bool:
    found = _and(tokens, row)
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        found = _and(tokens, row) or found
    return found


def _and(tokens: list[str], row: Row) -> bool:
    found = True
    while tokens and tokens[0] not in (")", "OR"):
        token = tokens.pop(0)
        if token == "AND":
            continue
        is_not = token == "NOT"
        token = tokens.pop(0) if is_not else token
        if token == "(":
            holds = _or(tokens, row)
            tokens.pop(0)
        else:
            holds = _term(token, row)
        found = (holds != is_not) and found
    return found


def _term(token: str, row: Row) -> bool:
    match = re.fullmatch(r"([\w.{}]+)(!=|>=|<=|=|>|<)(.*)", token, re.DOTALL)
    if match is None:
        return plain(token).lower() in str(row.get("_raw", "")).lower()
    name, operator, wanted = match[1], match[2], plain(match[3])
    values = row.get(name)
    found = [str(value) for value in (values if isinstance(values, list) else [values]) if value not in (None, "")]
    if operator in ("=", "!="):
        is_there = any(fnmatchcase(value.lower(), wanted.lower()) for value in found)
        return bool(found) and is_there == (operator == "=")
    return bool(found) and expression(f"{number(found[0])} {operator} {wanted}")({}) is True


def plain(text: str) -> str:
    """Without its quotes."""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def names(text: str) -> list[str]:
    return [name.strip('"') for name in _NAMES.findall(text)]


def _eval(rows: Rows, text: str) -> Rows:
    for part in parts(text):
        name, _, told = part.partition("=")
        value = expression(told)
        rows = [{**row, name.strip().strip('"'): shown(value(row))} for row in rows]
    return rows


def _where(rows: Rows, text: str) -> Rows:
    holds = expression(text)
    return [row for row in rows if holds(row)]


def _search(rows: Rows, text: str) -> Rows:
    return [row for row in rows if matches(row, text)]


def _kept(row: Row, wanted: Sequence[str]) -> Row:
    found = {name: row[name] for each in wanted for name in row if fnmatchcase(name, each)}
    return {**found, **{each: None for each in wanted if "*" not in each and each not in found}}


def _table(rows: Rows, text: str) -> Rows:
    wanted = names(text)
    return [_kept(row, wanted) for row in rows]


def _fields(rows: Rows, text: str) -> Rows:
    wanted = names(text.lstrip("+-"))
    if not text.startswith("-"):
        return [{name: row[name] for name in row if any(fnmatchcase(name, each) for each in wanted)} for row in rows]
    return [{name: row[name] for name in row if not any(fnmatchcase(name, each) for each in wanted)} for row in rows]


def _sort(rows: Rows, text: str) -> Rows:
    words = names(text)
    limit = int(words.pop(0)) if words[0].isdigit() else 10_000
    for word in reversed(words):
        name = word.lstrip("+-")
        rows = sorted(rows, key=lambda row: _order(row.get(name)), reverse=word.startswith("-"))
    return rows[: limit or None]


def _order(value: Any) -> tuple[int, float, str]:
    found = number(value)
    return (0, 0.0, "") if value in (None, "") else (2, 0.0, str(value)) if found is None else (1, found, "")


def _head(rows: Rows, text: str) -> Rows:
    return rows[: int(text or 10)]


def _rename(rows: Rows, text: str) -> Rows:
    pairs = {
        old.strip('"'): new.strip('"') for old, new in re.findall(r'("[^"]+"|[\w.]+)\s+AS\s+("[^"]+"|[\w.]+)', text)
    }
    return [{pairs.get(name, name): value for name, value in row.items()} for row in rows]


def _transpose(rows: Rows, text: str) -> Rows:
    column = given_options(text).get("column_name", "column")
    fields = list(rows[0]) if rows else []
    return [{column: name, **{f"row {at}": row.get(name) for at, row in enumerate(rows, 1)}} for name in fields]


def _fillnull(rows: Rows, text: str) -> Rows:
    value = given_options(text).get("value", "0")
    wanted = [name for name in names(text) if "=" not in name]
    return [{**row, **{name: value for name in wanted if row.get(name) in (None, "")}} for row in rows]


def _stats(rows: Rows, text: str) -> Rows:
    told, by = _split(text)
    groups: dict[tuple[Any, ...], Rows] = {}
    for row in rows:
        key = tuple(row.get(name) for name in by)
        if None not in key:
            groups.setdefault(key, []).append(row)
    if not by:
        groups = {(): rows}
    return [{**dict(zip(by, key)), **_aggregated(told, group)} for key, group in sorted(groups.items(), key=str)]


def _split(text: str) -> tuple[str, list[str]]:
    told, *by = _BY.split(text, maxsplit=1)
    return told, names(by[0]) if by else []


def _aggregated(told: str, rows: Rows) -> Row:
    found: Row = {}
    for part in parts(told):
        match = _AGGREGATE.fullmatch(part.strip())
        assert match is not None, part
        of, name = match[2] or "", (match[3] or part.strip()).strip('"')
        for field in _matching(of, rows):
            star = re.fullmatch(re.escape(of).replace(r"\*", "(.*)"), field)
            told_as = name.replace("*", star[1]) if "*" in of and star else name
            found[told_as] = _one(match[1].lower(), [row.get(field) for row in rows] if of else rows)
    return found


def _matching(of: str, rows: Rows) -> list[str]:
    return sorted({name for row in rows for name in row if fnmatchcase(name, of)}) if "*" in of else [of]


def _one(function: str, values: Sequence[Any]) -> Any:
    there = [value for value in values if value not in (None, "")]
    numbers = [found for value in there if (found := number(value)) is not None]
    aggregates: dict[str, Callable[[], Any]] = {
        "count": lambda: len(there),
        "sum": lambda: sum(numbers) if numbers else None,
        "max": lambda: max(numbers) if numbers else None,
        "min": lambda: min(numbers) if numbers else None,
        "latest": lambda: there[-1] if there else None,
        "first": lambda: there[0] if there else None,
        "values": lambda: sorted(set(map(str, there))) or None,
        "dc": lambda: len(set(map(str, there))),
    }
    return shown(aggregates[function]() if function != "sum" or numbers else None)


def _timechart(rows: Rows, text: str) -> Rows:
    told, by = _split(text)
    hours: dict[int, Rows] = {}
    for row in rows:
        hours.setdefault(int(float(row["_time"])) // _HOUR_S, []).append(row)
    if not hours:
        return []
    found = []
    kinds = sorted({str(row[by[0]]) for row in rows}) if by else []
    for hour in range(min(hours), max(hours) + 1):
        inside = hours.get(hour, [])
        values = (
            {kind: len([row for row in inside if str(row[by[0]]) == kind]) for kind in kinds}
            if by
            else _aggregated(told, inside)
        )
        found.append({"_time": hour * _HOUR_S, **values})
    return found


COMMANDS: dict[str, Callable[[Rows, str], Rows]] = {
    "eval": _eval,
    "where": _where,
    "search": _search,
    "table": _table,
    "fields": _fields,
    "sort": _sort,
    "head": _head,
    "rename": _rename,
    "transpose": _transpose,
    "fillnull": _fillnull,
    "stats": _stats,
    "timechart": _timechart,
}
