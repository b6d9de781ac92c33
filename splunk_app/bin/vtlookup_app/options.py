"""The command's options, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import result_fields as columns
from .search.field_names import spellings

KINDS = ("hash", "url", "domain", "ip", "ioc")
VERDICT_BY = ("engines", "gti", "worst")
CACHE_MODES = ("default", "refresh", "only", "off")
_PREFIX = re.compile(r"[A-Za-z0-9_.:]{1,64}")
_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")


class UsageError(Exception):
    """An option is wrong; the message names it and its valid values."""


@dataclass(frozen=True)
class SearchOptions:
    """`kind` is None for `ioc=`. Times in seconds. `verdict_by` None: the setting."""

    kind: str | None
    field: str
    prefix: str
    max_age_s: float | None
    wait_s: float
    cache: str
    raw: bool
    verdict_by: str | None = None
    context: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that every event gets, without the prefix, in order."""
        return columns.names(self.raw, self.context, self.kind)

    @property
    def parts(self) -> frozenset[str]:
        """The parts of an answer that must be requested."""
        wanted = {"raw": self.raw, "context": self.context}
        return frozenset(part for part, is_wanted in wanted.items() if is_wanted)

    @property
    def required_fields(self) -> list[str]:
        """The fields that splunkd should send: the field itself, and those that messages about it need.

        These are other spellings of the field, and the events' own fields with the names of new ones.
        """
        added = [self.prefix + name for name in self.names]
        others = [] if self.prefix == columns.PREFIX else added
        return [self.field, *spellings(self.field, added), *others]

    @property
    def noun(self) -> str:
        """The noun for the field's values in messages."""
        nouns = {"hash": "hashes", "url": "URLs", "domain": "domains", "ip": "addresses"}
        return nouns.get(self.kind or "", "indicators")


def read_options(given: Mapping[str, str | None]) -> SearchOptions:
    """`given` are the options as texts, None if absent. Raises `UsageError`."""
    chosen = [kind for kind in KINDS if given.get(kind) is not None]
    if len(chosen) != 1:
        raise UsageError("exactly one of hash=, url=, domain=, ip= and ioc= names the field, like hash=md5")
    # Not stripped, because a field's name may begin or end with a blank.
    field = given[chosen[0]] or ""
    if not field.strip():
        raise UsageError(f"{chosen[0]}= needs the name of a field, like {chosen[0]}=my_field")
    kind = None if chosen[0] == "ioc" else chosen[0]
    prefix, raw = _prefix(given.get("prefix")), boolean("raw", given.get("raw"))
    context = boolean("context", given.get("context"))
    if field in {prefix + name for name in columns.names(raw, context, kind)}:
        raise UsageError(f"{chosen[0]}={field}: the result would overwrite this field; choose another prefix=")
    return SearchOptions(
        kind=kind,
        field=field,
        prefix=prefix,
        max_age_s=None if given.get("max_age") is None else duration("max_age", given["max_age"]),
        wait_s=60.0 if given.get("wait") is None else duration("wait", given["wait"]),
        cache=_cache(given.get("cache")),
        raw=raw,
        verdict_by=_verdict_by(given.get("verdict_by")),
        context=context,
    )


def duration(name: str, text: str | None) -> float:
    """Seconds of `3600`, `90s`, `15m`, `12h`, `7d` or `2w`. Raises `UsageError`."""
    from vt_connectors.config.values import seconds_of

    found = seconds_of(text or "")
    if found is None:
        raise UsageError(f"{name}={text!r}: write seconds, or a number with s, m, h, d or w, like 7d")
    return found


def count(name: str, text: str | None, default: int, most: int) -> int:
    """A number from 1 to `most`; `default` if it is not given. Raises `UsageError`."""
    given = str(default) if text is None else text.strip()
    if not (given.isascii() and given.isdigit() and len(given) < 9 and 1 <= int(given) <= most):
        raise UsageError(f"{name}={text!r}: a number from 1 to {most}")
    return int(given)


def _prefix(text: str | None) -> str:
    prefix = columns.PREFIX if text is None else text
    # Names that begin with _ are reserved by Splunk (_raw is the event). An empty prefix would overwrite `source`.
    if not _PREFIX.fullmatch(prefix) or prefix.startswith("_"):
        raise UsageError(f"prefix={prefix!r}: 1 to 64 letters, digits or _ . : and not beginning with _")
    return prefix


def _cache(text: str | None) -> str:
    mode = "default" if text is None else text.strip().lower()
    if mode not in CACHE_MODES:
        raise UsageError(f"cache={text!r}: one of {', '.join(CACHE_MODES)}")
    return mode


def _verdict_by(text: str | None) -> str | None:
    if text is None:
        return None
    word = text.strip().lower()
    if word not in VERDICT_BY:
        raise UsageError(f"verdict_by={text!r}: one of {', '.join(VERDICT_BY)}")
    return word


def boolean(name: str, text: str | None) -> bool:
    """False if it is not given. Raises `UsageError`."""
    value = "false" if text is None else text.strip().lower()
    if value not in _TRUE + _FALSE:
        raise UsageError(f"{name}={text!r}: true or false")
    return value in _TRUE
