"""Reads the settings that decide verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ..errors import ConfigError
from ..verdict.rule import VERDICT_BY, WORDS, Thresholds, VerdictBy, engine_names

_KINDS = ("hash", "url", "domain", "ip")
_FORM = re.compile(r"(?:([a-z]+)\.)?([a-z]+)\s*=\s*(\S+)")
_MOST_ENGINES = 1000


def thresholds(name: str, value: Any, count: Callable[[str, Any], int]) -> tuple[tuple[str, int], ...]:
    """Pairs such as `("malicious", 3)` and `("url.malicious", 1)` of `malicious=3, url.malicious=1`, or of the object
    `{"malicious": 3, "url": {"malicious": 1}}`. `count` reads a number. Raises `ConfigError`.
    """
    pairs = _of_object(value) if isinstance(value, Mapping) else _of_text(name, str(value))
    return tuple((_checked(name, key), count(f"{name}, {key}", number)) for key, number in pairs)


def _of_object(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from ((f"{key}.{word}", number) for word, number in inner.items())
        else:
            yield key, inner


def _of_text(name: str, text: str) -> Iterator[tuple[str, Any]]:
    for part in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        found = _FORM.fullmatch(part.lower())
        if found is None:
            raise ConfigError(f"{name}: {part[:40]!r} is not a threshold; write them as malicious=3, url.malicious=1")
        kind, word, number = found.groups()
        yield f"{kind}.{word}" if kind else word, number


def _checked(name: str, key: str) -> str:
    kind, _, word = key.rpartition(".")
    if word not in WORDS or (kind and kind not in _KINDS):
        known = f"{' and '.join(WORDS)}, alone or after {', '.join(f'{kind}.' for kind in _KINDS)}"
        raise ConfigError(f"{name}: there is no threshold {key[:40]!r}; there are {known}")
    return key


def for_every_kind(pairs: tuple[tuple[str, int], ...], thresholds: Thresholds) -> Thresholds:
    """`thresholds`, replaced by those of `pairs` that are for all kinds."""
    return thresholds._replace(**{key: number for key, number in pairs if "." not in key})


def engines(name: str, value: Any) -> frozenset[str]:
    """Names in a list, or in a text between commas, because they contain blanks. Raises `ConfigError`."""
    names = engine_names(map(str, value) if isinstance(value, list) else str(value).split(","))
    if len(names) > _MOST_ENGINES:
        raise ConfigError(f"{name}: more than {_MOST_ENGINES} engines")
    return names


def verdict_by(name: str, value: Any) -> VerdictBy:
    """Raises `ConfigError`."""
    word = str(value).strip().lower()
    for known in VERDICT_BY:
        if word == known:
            return known
    raise ConfigError(f"{name}: {word[:40]!r} is not one of {', '.join(VERDICT_BY)}")
