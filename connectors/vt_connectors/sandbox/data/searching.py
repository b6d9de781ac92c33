"""The query language of intelligence search, as far as the sandbox understands it, and the items it searches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Callable

from ..errors import ApiError, bad_request
from .catalogue import catalogue
from .deterministic import draw
from .kinds import Item, Kind, Verdict
from .links import invented
from .verdicts import profile_of

_INVENTED = 640  # of each kind: more than two pages of the largest size
_WORD = re.compile(r'(-?)(?:([a-z_-]+):)?("[^"]*"|\S+)')
_OPERATORS = ("AND", "OR", "NOT", "(", ")")
_ENTITIES = {"file": Kind.FILE, "url": Kind.URL, "domain": Kind.DOMAIN, "ip": Kind.IP}
_SIZES = {"": 1, "b": 1, "kb": 1024, "mb": 1024**2}
_MIN_CONTENT = 4
_ANY_OF = 3  # an item in so many matches what the sandbox does not understand

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Term:
    """One condition: a modifier ("" for a word alone), its value in lower case, and whether it must not match."""

    modifier: str
    value: str
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """A query for one kind of object; `entity` is its name in the query. `kind` is None for collections."""

    entity: str
    kind: Kind | None
    terms: tuple[Term, ...]

    def value_of(self, *modifiers: str) -> str | None:
        """The value of the first of these modifiers, if the query has one."""
        return next((term.value for term in self.terms if term.modifier in modifiers), None)


def parse_query(text: str) -> Query:
    """A query from its text. ApiError 400 for an empty query, an unknown entity, and impossible content searches."""
    found = [_term(*match.groups()) for match in _WORD.finditer(text) if match[3] not in _OPERATORS]
    entities = [term.value for term in found if term.modifier == "entity"]
    if not found or len(entities) > 1:
        raise bad_request("The query is empty" if not found else "The modifier entity may be used once")
    entity = entities[0] if entities else "file"
    if entity not in (*_ENTITIES, "collection"):
        raise bad_request(f'"{entity}" is not a valid entity')
    query = Query(entity, _ENTITIES.get(entity), tuple(term for term in found if term.modifier != "entity"))
    content = query.value_of("content")
    if content is not None and entity != "file":
        raise ApiError(400, "UnsupportedContentQueryError", "Content is searched in files only")
    if content is not None and len(content) < _MIN_CONTENT:
        raise ApiError(400, "UnselectiveContentQueryError", "The content to search for is too short")
    return query


@cache
def corpus(kind: Kind) -> tuple[Item, ...]:
    """The items of a kind that searches look through."""
    fixed = [entry.item for entry in catalogue() if entry.item.kind is kind]
    drawn = [invented(kind, str(number), "corpus") for number in range(_INVENTED)]
    return tuple(item for item in dict.fromkeys([*fixed, *drawn]) if profile_of(item).verdict is not Verdict.UNKNOWN)


def matches(query: Query, item: Item, facts: Facts) -> bool:
    """Whether an item with these attributes, and `positives`, fits every term."""
    return all(_fits(term, item, facts) is not term.negated for term in query.terms)


def _term(minus: str, modifier: str | None, value: str) -> Term:
    return Term(modifier or "", value.strip('"').lower(), bool(minus))


def _fits(term: Term, item: Item, facts: Facts) -> bool:
    test = _TESTS.get(term.modifier)
    if test is None:
        return draw(item.value, f"{term.modifier}:{term.value}", _ANY_OF) == 0
    return test(term.value, item, facts)


def _number(value: str, there: int) -> bool:
    """`5+`, `5-` or `5`; sizes with a unit, as in `1KB-`."""
    found = re.fullmatch(r"(\d+)(b|kb|mb)?([+-]?)", value)
    if found is None:
        raise bad_request(f'"{value}" is not a number such as 5+')
    wanted = int(found[1]) * _SIZES[found[2] or ""]
    return there >= wanted if found[3] == "+" else there <= wanted if found[3] == "-" else there == wanted


def _in_texts(value: str, *texts: Any) -> bool:
    return any(value in str(text).lower() for text in texts)


def _positives(value: str, item: Item, facts: Facts) -> bool:
    return _number(value, facts["positives"])


def _tags(value: str, item: Item, facts: Facts) -> bool:
    return value in facts.get("tags", ())


_TESTS: Mapping[str, Callable[[str, Item, Facts], bool]] = {
    "": lambda value, item, facts: _in_texts(value, item.value, *facts.get("names", ()), facts.get("title", "")),
    "p": _positives,
    "positives": _positives,
    "size": lambda value, item, facts: _number(value, facts.get("size", 0)),
    "submissions": lambda value, item, facts: _number(value, facts.get("times_submitted", 0)),
    "type": lambda value, item, facts: value in facts.get("type_tags", ()),
    "tag": _tags,
    "tags": _tags,
    "name": lambda value, item, facts: _in_texts(value, *facts.get("names", ())),
    "hostname": lambda value, item, facts: f"/{value}/" in item.value or f".{value}/" in item.value,
    "domain": lambda value, item, facts: value == item.value,
    "ip": lambda value, item, facts: value == item.value,
    "url": lambda value, item, facts: _in_texts(value, item.value),
    "title": lambda value, item, facts: _in_texts(value, facts.get("title", "")),
    "country": lambda value, item, facts: value == str(facts.get("country", "")).lower(),
    "asn": lambda value, item, facts: value == str(facts.get("asn", "")),
    "registrar": lambda value, item, facts: _in_texts(value, facts.get("registrar", "")),
    "md5": lambda value, item, facts: value == facts.get("md5"),
    "sha1": lambda value, item, facts: value == facts.get("sha1"),
    "sha256": lambda value, item, facts: value == item.value,
    "vhash": lambda value, item, facts: value == facts.get("vhash"),
}
