"""The filter of the IoC stream, such as `date:2026-01-02T03:04:05+ origin:hunting`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Callable

from ..errors import ApiError, bad_request
from ..ioc_stream import Notification

Test = Callable[[Notification], bool]

_VALUES: Mapping[str, tuple[str, ...]] = {
    "origin": ("hunting", "subscriptions"),
    "entity_type": ("file", "domain", "url", "ip_address"),
    "source_type": ("hunting_ruleset", "retrohunt_job", "collection", "threat_actor", "threat_profile"),
}
_FIELDS: Mapping[str, Callable[[Notification], list[str]]] = {
    "origin": lambda one: [one.origin],
    "entity_id": lambda one: [one.item.id],
    "entity_type": lambda one: [one.item.kind.value],
    "source_type": lambda one: [one.source["type"]],
    "source_id": lambda one: [one.source["id"]],
    "notification_tag": lambda one: one.tags,
}


def stream_filter(text: str) -> Test:
    """Whether a notification passes every word of the filter. ApiError 400 for a word that is not one."""
    tests = [_test(word) for word in text.split()]
    return lambda one: all(test(one) for test in tests)


def _test(word: str) -> Test:
    name, _, value = word.partition(":")
    if name == "date":
        return _date_test(value)
    field = _FIELDS.get(name)
    if field is None or not value:
        raise bad_request(f'"{word}" is not a valid filter')
    if name in _VALUES and value not in _VALUES[name]:
        raise bad_request(f'{name} "{value}" is not valid, it must be one of {", ".join(_VALUES[name])}')
    return lambda one: value in field(one)


def _date_test(text: str) -> Test:
    """On or after a time with `+`, on or before with `-`, and that very second without a sign."""
    sign = text[-1:] if text[-1:] in ("+", "-") else ""
    at = _epoch(text[: len(text) - len(sign)])
    if sign == "+":
        return lambda one: one.date >= at
    return (lambda one: one.date <= at) if sign else (lambda one: one.date == at)


def _epoch(text: str) -> int:
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp())
        except ValueError:
            continue
    raise _wrong_date(text)


def _wrong_date(text: str) -> ApiError:
    return bad_request(f'date "{text}" is not valid, it must be like 2026-01-02T03:04:05')
