"""The field that a search names: other spellings of it, and the message if no event has it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from ..chunks.cells import MULTIVALUE

# splunkd adds this field with the event's number if it sends only some fields.
INDEX_FIELD = "_chunked_idx"
# Characters that people write around a name.
_AROUND = " \t\"'`$%<>[](){}"
_BETWEEN = re.compile(r"[,;|\s]+")
_SEPARATORS = re.compile(r"[\W_]+")
_WORDS = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN_WORDS = ("_", ".", "-", " ", "")
_PLAIN = re.compile(r"[\w.:{}@-]+")
_MOST_SPELLINGS, _MOST_PARTS = 60, 4
_MOST_NEAREST, _MOST_LISTED, _MOST_NAMES = 3, 5, 10_000
_LONGEST_SHOWN = 60
_SIMILAR = 0.6


def spellings(field: str, others: Collection[str] = ()) -> list[str]:
    """Names that the user may have meant by `field`: other letter case, blanks, quotes, separators, parts of a list.

    splunkd sends those that exist, and the field itself. Names in `others` and Splunk's own (`_raw`) are left out.
    """
    found = dict.fromkeys(each for base in _bases(field) for each in _variants(base))
    wanted = (each for each in found if each.strip() and each != field and each not in others)
    return [each for each in wanted if not each.startswith("_")][:_MOST_SPELLINGS]


def _bases(field: str) -> list[str]:
    parts = [part.strip(_AROUND) for part in _BETWEEN.split(field)]
    several = parts[:_MOST_PARTS] if len(parts) > 1 else []
    return list(dict.fromkeys([field.strip(), field.strip(_AROUND), *several]))


def _variants(base: str) -> Iterator[str]:
    yield from (base, base.lower(), base.upper(), base.title(), base.capitalize(), f"{base} ", f" {base}")
    # From any of `src_ip`, `src.ip`, `SrcIp`, `srcIp`, the others.
    words = [word for word in _WORDS.split(base) if word]
    if len(words) > 1:
        lower = [word.lower() for word in words]
        camel = "".join(word.capitalize() for word in words)
        yield from (separator.join(lower) for separator in _BETWEEN_WORDS)
        yield from (camel, camel[0].lower() + camel[1:])
        yield from (separator.join(words) for separator in _BETWEEN_WORDS)
    for other in _other_numbers(base.strip()):
        yield from (other, other.lower(), other.capitalize())


def _other_numbers(base: str) -> Iterator[str]:
    """Singular and plural: `hash` for `hashes`, `Hashes` for `Hash`, guessed from the letters."""
    for ending in ("es", "s"):
        if base.lower().endswith(ending) and len(base) > len(ending):
            yield base[: -len(ending)]
    if base:
        yield base + ("es" if base.lower().endswith(("h", "s", "x")) else "s")


def nearest(field: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that are most similar to `field`, the best first."""
    from difflib import SequenceMatcher

    wanted, parts = _folded(field), {_folded(base) for base in _bases(field)}

    def likeness(name: str) -> float:
        folded = _folded(name)
        if folded in parts:
            return 2.0
        if folded and wanted and (folded in wanted or wanted in folded):
            return 1.0
        return SequenceMatcher(None, folded, wanted).ratio()

    ranked = sorted(((likeness(name), name) for name in dict.fromkeys(names)), key=lambda found: (-found[0], found[1]))
    return [name for like, name in ranked if like >= _SIMILAR][:_MOST_NEAREST]


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()


def shown(name: str) -> str:
    """A field's name in a message: in quotes if it has unusual characters, such as a blank at its end."""
    short = name if len(name) <= _LONGEST_SHOWN else name[:_LONGEST_SHOWN] + "..."
    return short if _PLAIN.fullmatch(short) else repr(short)


def hint(field: str, names: Collection[str]) -> str:
    """The nearest of `names` as the end of a message; empty if none is near."""
    near = nearest(field, names)
    return f"; the nearest {'is' if len(near) == 1 else 'are'} {', '.join(map(shown, near))}" if near else ""


class NamedField:
    """Collects from a search's chunks whether its field exists. `has_value`: some event has a value in it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._names: dict[str, None] = {}
        self._filled: dict[str, None] = {}
        self._is_there = False
        self._sees_all = True
        self.has_value = False

    def saw(self, names: Iterable[str]) -> list[str]:
        """`names` are a chunk's fields. Returns the fields to check for values, for `saw_values`.

        splunkd may send a column for every requested field, even if no event has it.
        """
        there = [name for name in names if not name.startswith(MULTIVALUE)]
        self._sees_all = self._sees_all and INDEX_FIELD not in there
        self._is_there = self._is_there or self._name in there
        others = [name for name in there if name not in (self._name, INDEX_FIELD)]
        if len(self._names) < _MOST_NAMES:
            self._names.update(dict.fromkeys(others))
        meant = set(spellings(self._name)).difference(self._filled)
        return [name for name in others if name in meant]

    def saw_values(self, names: Iterable[str]) -> None:
        """`names` are other spellings of the field that have values in some event."""
        self._filled.update(dict.fromkeys(names))

    def warning(self) -> str | None:
        """The warning about the field at the end of a search that had events; None if there is none."""
        if self.has_value or (self._is_there and not self._filled):
            return None
        if self._is_there:
            return f"no event has a value in the field {shown(self._name)}{hint(self._name, self._filled)}"
        return f"no event has the field {shown(self._name)}{self._advice()}"

    def _advice(self) -> str:
        filled = self._names if self._sees_all else self._filled
        near = hint(self._name, filled)
        if near:
            several = "," in self._name and len(nearest(self._name, filled)) > 1
            return f"{near}; name one field for each vtlookup" if several else near
        if _looks_like_a_value(self._name):
            return "; if it is a value and not the name of a field, use | vtreport value=..."
        if not self._sees_all:
            return "; check its spelling (| fieldsummary lists the fields that events have)"
        return f"; the events have {_listed(list(self._names))}" if self._names else ""


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_LISTED
    return ", ".join(map(shown, names[:_MOST_LISTED])) + (f" and {more} more" if more > 0 else "")


def _looks_like_a_value(text: str) -> bool:
    from vt_connectors.errors import InvalidIndicator
    from vt_connectors.indicators import recognise

    try:
        recognise(text)
    except InvalidIndicator:
        return False
    return True
