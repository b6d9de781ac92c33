"""The new fields for one field of the events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ...errors import InvalidIndicator
from ...event_fields import CONTEXT, NAMES, Fields, worst_of
from ...indicators import has_no_value
from ...indicators.indicator import MAX_LENGTH
from .answers import WINDOW_VALUES, Answers
from .dialects import Added, Event

if TYPE_CHECKING:
    from ...indicators import Kind

# More values in one field are not looked up: what one event costs stays bounded.
MOST_VALUES = 100


# These are always added, because they say why others are missing.
ALWAYS = frozenset(("status", "error", "queued"))


class FieldName(NamedTuple):
    """A field whose values are looked up. `kind` None: recognised from each value. `prefix`: of the new fields."""

    name: str
    kind: Kind | None
    prefix: str


class AddedFields:
    """`added_to(event)`, after `values_in` got the event and the answers were begun.

    `only`: the names of new fields, without the prefix; None: all.
    """

    def __init__(self, field: FieldName, answers: Answers, only: frozenset[str] | None = None) -> None:
        self.answers = answers
        self._name, self._prefix = field.name, field.prefix
        self._only = None if only is None else only | ALWAYS
        self._path = field.name.split(".")
        self._known: dict[str | tuple[str, ...], Added | None] = {}

    def forget(self) -> None:
        """Ask for each value again when it comes next."""
        self._known.clear()
        self.answers.forget()

    @property
    def is_full(self) -> bool:
        return len(self._known) > WINDOW_VALUES or self.answers.is_full

    def has(self, name: str) -> bool:
        """Whether a field with this name may be one of the new ones, also of an earlier pass."""
        if not name.startswith(self._prefix):
            return False
        own = name[len(self._prefix) :]
        return own in NAMES or own.startswith(CONTEXT)

    def values_in(self, events: Iterable[Event]) -> set[str]:
        """The values to look up for `added_to`."""
        found: set[str] = set()
        for event in events:
            value = self._value_in(event)
            if type(value) is str:
                if value not in self._known:
                    found.add(value)
            elif type(value) is list:
                found.update(_texts_in(value))
        return {value for value in found if _can_be_looked_up(value)}

    def added_to(self, event: Event, before_waiting: Callable[[], None]) -> Added | None:
        """The new fields; None if the event has no value. `before_waiting`: see `Answers`."""
        value = self._value_in(event)
        if value is None:
            return None
        if type(value) is str:
            key: str | tuple[str, ...] = value
        elif type(value) is list and all(type(each) is str for each in value):
            key = tuple(value)
        else:
            return self._refused("is neither text nor a list of texts")
        if key in self._known:
            return self._known[key]
        values = [each for each in ((key,) if isinstance(key, str) else key) if not has_no_value(each)]
        if (why := _why_not(key, values)) is not None:
            return self._refused(why)
        added = self._made(key, values, before_waiting) if values else None
        if isinstance(key, str) and (not values or self.answers.knows(key)):
            self._known[key] = added
        return added

    def _made(self, key: str | tuple[str, ...], values: Sequence[str], before_waiting: Callable[[], None]) -> Added:
        found = [self.answers.fields_for(value, before_waiting) for value in values]
        return self._named(found[0] if isinstance(key, str) else side_by_side(found))

    def _refused(self, why: str) -> Added:
        return self._named({"status": "error", "error": f"{InvalidIndicator.code}: the field {self._name} {why}"})

    def _named(self, fields: Fields) -> Added:
        only = self._only
        return Added.of({self._prefix + name: value for name, value in fields.items() if only is None or name in only})

    def _value_in(self, event: Event) -> Any:
        """The value of the field with this name; if there is none, `a.b` is the field b of the object a."""
        value = event.get(self._name)
        if value is None and len(self._path) > 1:
            value = event
            for part in self._path:
                value = value.get(part) if type(value) is dict else None
        return value


def side_by_side(rows: Sequence[Fields]) -> Fields:
    """The fields for a list of values: one element for each value, in order, null if it has none; the worst verdict."""
    names = dict.fromkeys(name for row in rows for name in row)
    joined: dict[str, Any] = {name: [row.get(name) for row in rows] for name in names}
    worst = worst_of(row.get("verdict") for row in rows)
    if worst is not None:
        joined["worst_verdict"] = worst
    return joined


def _why_not(key: str | tuple[str, ...], values: Sequence[str]) -> str | None:
    if not isinstance(key, str) and len(key) > MOST_VALUES:
        return f"has more than {MOST_VALUES} values"
    if not all(map(_can_be_looked_up, values)):
        return f"has a value that is longer than {MAX_LENGTH} characters"
    return None


def _texts_in(values: Sequence[Any]) -> Sequence[str]:
    is_fit = len(values) <= MOST_VALUES and all(type(value) is str for value in values)
    return values if is_fit else ()


def _can_be_looked_up(value: str) -> bool:
    return len(value) <= MAX_LENGTH and not has_no_value(value)
