"""Reads the settings that decide verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..errors import ConfigError
from ..light_typing import Any
from ..verdict.rule import VERDICT_BY, WORDS, Rules, VerdictBy, engine_names
from .values import count

_KINDS = ("hash", "url", "domain", "ip")
_FORM = re.compile(r"(?:([a-z]+)\.)?([a-z]+)\s*=\s*(\S+)")
_MOST_ENGINES = 1000


def rules_from(given: Mapping[str, Any]) -> Rules:
    """The rules from values by variable name; the rest has defaults. Raises `ConfigError`."""
    rules = Rules()
    alone = {
        word: count(name, given[name])
        for word, name in (("malicious", "VT_MALICIOUS_THRESHOLD"), ("suspicious", "VT_SUSPICIOUS_THRESHOLD"))
        if name in given
    }
    pairs = _thresholds("VT_THRESHOLDS", given["VT_THRESHOLDS"]) if "VT_THRESHOLDS" in given else ()
    for_all = {**alone, **{key: number for key, number in pairs if "." not in key}}
    return Rules(
        rules.thresholds._replace(**for_all),
        tuple(pair for pair in pairs if "." in pair[0]),
        _engines("VT_TRUSTED_ENGINES", given.get("VT_TRUSTED_ENGINES", [])),
        _engines("VT_IGNORED_ENGINES", given.get("VT_IGNORED_ENGINES", [])),
        _verdict_by("VT_VERDICT_BY", given["VT_VERDICT_BY"]) if "VT_VERDICT_BY" in given else rules.verdict_by,
    )


def _thresholds(name: str, value: Any) -> tuple[tuple[str, int], ...]:
    """Pairs such as `("malicious", 3)` and `("url.malicious", 1)` of `malicious=3, url.malicious=1`, or of the object
    `{"malicious": 3, "url": {"malicious": 1}}`. Raises `ConfigError`.
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


def _engines(name: str, value: Any) -> frozenset[str]:
    """Names in a list, or in a text between commas, because they contain blanks. Raises `ConfigError`."""
    names = engine_names(map(str, value) if isinstance(value, list) else str(value).split(","))
    if len(names) > _MOST_ENGINES:
        raise ConfigError(f"{name}: more than {_MOST_ENGINES} engines")
    return names


def _verdict_by(name: str, value: Any) -> VerdictBy:
    """Raises `ConfigError`."""
    word = str(value).strip().lower()
    for known in VERDICT_BY:
        if word == known:
            return known
    raise ConfigError(f"{name}: {word[:40]!r} is not one of {', '.join(VERDICT_BY)}")
