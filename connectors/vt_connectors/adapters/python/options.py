"""The options of Python callers: a connection's settings, and the options of one call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

from ...contract.documents import CacheMode, Options, read_request
from ...contract.validation import violation
from ...errors import ConfigError

Part = Literal["raw", "engines", "context"]
VerdictBy = Literal["engines", "gti", "worst"]
Region = Literal["US", "EU"]


class ConnectionSettings(TypedDict, total=False):
    """The configuration file's settings (`schemas/settings.json`) without the key. None means not given."""

    api_key_file: str | os.PathLike[str] | None
    api_url: str | None
    api_version: Literal["3", "2", 3, 2] | None
    quota: str | None
    state: str | os.PathLike[str] | None
    state_required: bool | None
    cache_ttl: float | None
    cache_ttl_not_found: float | None
    cache_size_mb: float | None
    pending_max: int | None
    timeout: float | None
    never_query: Iterable[str] | None
    scan_roots: Iterable[str | os.PathLike[str]] | None
    malicious_threshold: int | None
    suspicious_threshold: int | None
    thresholds: Mapping[str, int | Mapping[str, int]] | None
    trusted_engines: Iterable[str] | None
    ignored_engines: Iterable[str] | None
    verdict_by: VerdictBy | None
    keep_raw: bool | None


class WaitOptions(TypedDict, total=False):
    """`max_wait_s`: how long the call may wait for quota in all, in seconds (default 20; at most a day)."""

    max_wait_s: float | None


class CacheOptions(WaitOptions, total=False):
    """`cache`: `default`, `refresh` (send a request and store the answer), `only` (never send a request) or `off`.
    `max_age_s`: the maximum age of a cached answer, in seconds.
    """

    cache: CacheMode | None
    max_age_s: float | None


class LookupOptions(CacheOptions, total=False):
    """Options of lookups and scans. `include`: `raw` (VirusTotal's own object), `engines` (each engine's result),
    `context` (further facts of the object).
    `thresholds`: the number of engines for a verdict, `{"malicious": 3, "suspicious": 1, "url": {"malicious": 1}}`.
    `trusted_engines`: one of these that says malicious is enough. `ignored_engines`: these do not count.
    `verdict_by`: `engines`, `gti` (Google Threat Intelligence, where it has an assessment) or `worst`.
    """

    include: Iterable[Part] | None
    thresholds: Mapping[str, int | Mapping[str, int]] | None
    trusted_engines: Iterable[str] | None
    ignored_engines: Iterable[str] | None
    verdict_by: VerdictBy | None


class UrlScanOptions(LookupOptions, total=False):
    """Options of scans. Those below are for private scans only; VirusTotal decides what is not given.

    `interaction_sandbox`: the sandbox that a person can use, by VirusTotal's name, for `interaction_timeout_s` (60 to
    1800 seconds). `retention_days`: VirusTotal deletes the object and its report after 1 to 28 days. `region`: where it
    is stored.
    """

    interaction_sandbox: str | None
    interaction_timeout_s: int | None
    retention_days: int | None
    region: Region | None


class FileScanOptions(UrlScanOptions, total=False):
    """Those of files. `command_line`: the arguments with which sandboxes start the file. `disable_sandbox`: run it in
    none. `enable_internet`: let it reach the internet. `intercept_tls`: read its encrypted connections. `locale`:
    language and region of the sandbox.
    """

    command_line: str | None
    disable_sandbox: bool | None
    enable_internet: bool | None
    intercept_tls: bool | None
    locale: str | None


def scan_params(known: type, given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Keywords of `known`, one of the two types above: the parameters of a scan, and the options of a lookup.

    Raises `TypeError` for an unknown keyword.
    """
    _check_names(known, given)
    names: frozenset[str] = LookupOptions.__optional_keys__
    params = {name: value for name, value in given.items() if name not in names}
    return params, {name: value for name, value in given.items() if name in names}


def checked_settings(given: Mapping[str, object]) -> dict[str, Any]:
    """The arguments of `connect` in the configuration file's form. Raises `ConfigError`."""
    plain = _plain(given)
    wrong = violation("settings.json", plain)
    if wrong is not None:
        text = wrong.sentence(wrong.path.lstrip("/"), "setting")
        raise ConfigError(f"connect(): {text}", details={"path": wrong.path})
    return plain


def read_options(known: type, given: Mapping[str, object]) -> Options:
    """The contract's options from keywords of `known`, one of the types above.

    Raises `TypeError` for an unknown keyword, `InvalidRequest` for an invalid value.
    """
    _check_names(known, given)
    return read_request({"action": "options", "params": {}, "options": _plain(given)}).options


def _check_names(known: type, given: Mapping[str, object]) -> None:
    names: frozenset[str] = known.__optional_keys__  # type: ignore[attr-defined]
    unknown = sorted(set(given) - names)
    if unknown:
        raise TypeError(f"unknown option {unknown[0]!r}; the options are {', '.join(sorted(names))}")


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    """The values in JSON types; None values are left out."""
    return {name: plain_value(value) for name, value in values.items() if value is not None}


def plain_value(value: object) -> object:
    """`value` in JSON types: a path as text, a mapping as an object, another iterable as a list."""
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [os.fsdecode(item) if isinstance(item, os.PathLike) else item for item in value]
    return value
