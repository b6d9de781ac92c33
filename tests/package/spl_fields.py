"""Follows a search's fields from command to command, as far as the app's own searches need it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase

from .spl_reader import HOMES, commands, expanded, given_options

# The fields of every event.
SPLUNKS_OWN = frozenset(("_time", "_raw", "index", "sourcetype", "source", "host"))
_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_NAME = re.compile(r"'([^']+)'|(?<![\w.])([A-Za-z_][\w.]*)(?![\w.]|\s*\()")
_WORDS = frozenset(("and", "or", "not", "in", "as", "by", "true", "false", "null"))
_COMPARED = re.compile(r"([\w.*]+)\s*(?:!=|[<>]=?|=|\s+IN\s*\()", re.IGNORECASE)
_AGGREGATE = re.compile(r'(\w+)(?:\(([^)]*)\))?(?:\s+AS\s+("[^"]+"|[\w.*]+))?', re.IGNORECASE)
_RENAME = re.compile(r'("[^"]+"|[\w.]+)\s+AS\s+("[^"]+"|[\w.]+)', re.IGNORECASE)

Fields = frozenset[str]
Sources = Mapping[str, Collection[str]]


class UnknownField(ValueError):
    """A search uses a field that no command before it provides."""


def fields_after(search: str, sources: Sources, given: Collection[str] = ()) -> Fields:
    """The search's fields at its end. `sources`: the fields of each of the app's commands and each sourcetype.

    Raises `UnknownField`. `given` are the initial fields, for a search that continues another.
    """
    fields = frozenset(given)
    for name, arguments in commands(expanded(search)):
        fields = _after(name, arguments, fields, sources)
    return fields


def _after(name: str, arguments: str, fields: Fields, sources: Sources) -> Fields:
    if name in HOMES and name != "vtlookup":
        return frozenset(sources[f"{name} {arguments}".strip()])
    reader = _READERS.get(name)
    if reader is not None:
        return reader(arguments, fields)
    if "=" in name or name.startswith('"'):
        return _terms(f"{name} {arguments}", fields, sources)
    raise UnknownField(f"{name} is not followed")


def _known(names: Collection[str], fields: Fields, where: str) -> None:
    """Raise `UnknownField` for unknown names. A wildcard must match at least one field."""
    missing = [name for name in names if not any(fnmatchcase(field, name) for field in fields)]
    if missing:
        raise UnknownField(f"{', '.join(missing)} in {where!r}: there are {', '.join(sorted(fields))}")


def _terms(text: str, fields: Fields, sources: Sources) -> Fields:
    """The terms at a search's beginning: its sourcetype decides which fields exist."""
    named = re.search(r"(?<!!)\bsourcetype=([\w:]+)", text)
    fields = SPLUNKS_OWN | frozenset(sources[named[1]] if named else ())
    return _search(text, fields)


def _search(text: str, fields: Fields) -> Fields:
    bare = _STRING.sub('""', text)
    _known([match[1] for match in _COMPARED.finditer(bare)], fields, text)
    return fields


def _expression(text: str, fields: Fields) -> None:
    bare = _STRING.sub('""', text)
    names = [match[1] or match[2] for match in _NAME.finditer(bare)]
    _known([name for name in names if name.lower() not in _WORDS], fields, text)


def _where(text: str, fields: Fields) -> Fields:
    _expression(text, fields)
    return fields


def _eval(text: str, fields: Fields) -> Fields:
    for part in parts(text):
        name, _, expression = part.partition("=")
        _expression(expression, fields)
        fields |= {name.strip().strip('"')}
    return fields


def parts(text: str) -> list[str]:
    """Split at commas outside of quotes and brackets."""
    parts, depth, inside = [""], 0, False
    for char in text:
        inside ^= char == '"'
        depth += (char == "(") - (char == ")") if not inside else 0
        if char == "," and not depth and not inside:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _stats(text: str, fields: Fields) -> Fields:
    found, _, by = re.sub(r"\s+by\s+", "\0", text, count=1, flags=re.IGNORECASE).partition("\0")
    after = set(_names(by))
    _known(sorted(after), fields, text)
    for part in parts(found):
        match = _AGGREGATE.fullmatch(part.strip())
        if match is None:
            raise UnknownField(f"{part!r} is no aggregation")
        of, told = match[2], (match[3] or part.strip()).strip('"')
        _known([of] if of else [], fields, text)
        after |= _renamed(of or "", told, fields)
    return frozenset(after)


def _renamed(of: str, told: str, fields: Fields) -> set[str]:
    """`sum(errors.*) AS *` gives a field for each."""
    if "*" not in told:
        return {told}
    pattern = re.escape(of).replace(r"\*", "(.*)")
    return {told.replace("*", match[1]) for field in fields if (match := re.fullmatch(pattern, field))}


def _timechart(text: str, fields: Fields) -> Fields:
    return _stats(text, fields) | {"_time"}


def _names(text: str) -> list[str]:
    return [name.strip('"') for name in re.findall(r'"[^"]+"|[^\s,]+', text)]


def _table(text: str, fields: Fields) -> Fields:
    names = _names(text)
    _known(names, fields, text)
    return frozenset(field for field in fields if any(fnmatchcase(field, name) for name in names))


def _only(text: str, fields: Fields) -> Fields:
    if not text.startswith("-"):
        return _table(text, fields)
    names = _names(text[1:])
    _known(names, fields, text)
    return frozenset(field for field in fields if not any(fnmatchcase(field, name) for name in names))


def _sort(text: str, fields: Fields) -> Fields:
    names = [name.lstrip("+-") for name in _names(text) if not name.isdigit()]
    _known(names, fields, text)
    return fields


def _rename(text: str, fields: Fields) -> Fields:
    for match in _RENAME.finditer(text):
        old, new = match[1].strip('"'), match[2].strip('"')
        _known([old], fields, text)
        fields = (fields - {old}) | {new}
    return fields


def _transpose(text: str, fields: Fields) -> Fields:
    return frozenset((given_options(text).get("column_name", "column"), "row 1"))


def _same(text: str, fields: Fields) -> Fields:
    return fields


_READERS: Mapping[str, Callable[[str, Fields], Fields]] = {
    "search": _search,
    "where": _where,
    "eval": _eval,
    "stats": _stats,
    "timechart": _timechart,
    "table": _table,
    "fields": _only,
    "sort": _sort,
    "rename": _rename,
    "transpose": _transpose,
    "head": _same,
    "fillnull": _same,
}
