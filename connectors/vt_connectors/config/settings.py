"""Settings: from the environment, else from the JSON file that `VT_CONFIG` names, else defaults. Without the key."""

from __future__ import annotations

from collections.abc import Mapping

from ..light_typing import Any, Callable, NamedTuple, TypeVar
from ..quota.windows import PUBLIC, Quota, parse_quota
from ..verdict.rule import Rules, Thresholds, VerdictBy
from . import values

Value = TypeVar("Value")
VIRUSTOTAL = "https://www.virustotal.com"
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Settings(NamedTuple):
    """Times in seconds, sizes in bytes. `state`: a path, `memory`, an address (`redis://...`, `rediss://...`,
    `unix://...`), `kvstore` inside Splunk, or None for the default file. `state_required`: no request is sent while
    the record of the quota cannot be used. `keep_raw`: VirusTotal's own object is cached with each report, also if it
    was not requested. `thresholds_by_kind` and what follows: as in `verdict.rule.Rules`.
    """

    api_url: str = VIRUSTOTAL
    api_version: str = "3"
    quota: Quota = parse_quota(PUBLIC)
    state: str | None = None
    state_required: bool = False
    cache_ttl_s: float = 86400.0
    cache_ttl_not_found_s: float = 600.0
    cache_max_bytes: int = 256 * 1024 * 1024
    keep_raw: bool = False
    pending_max: int = 2500
    timeout_s: float = 30.0
    never_query: tuple[str, ...] = ()
    scan_roots: tuple[str, ...] = ()
    thresholds: Thresholds = Thresholds()
    thresholds_by_kind: tuple[tuple[str, int], ...] = ()
    trusted_engines: frozenset[str] = frozenset()
    ignored_engines: frozenset[str] = frozenset()
    verdict_by: VerdictBy = "engines"

    @property
    def rules(self) -> Rules:
        """How verdicts are made, unless a request has its own rules."""
        return Rules(
            self.thresholds, self.thresholds_by_kind, self.trusted_engines, self.ignored_engines, self.verdict_by
        )

    @property
    def space(self) -> str:
        """The name for the answers, leases and queued lookups of one server and API version in the shared state.

        `3` or `2`; for a server other than VirusTotal's, followed by `@` and its URL.
        """
        server = self.server
        if server == VIRUSTOTAL:
            return self.api_version
        if values.plain_server(server) is not None:
            return f"{self.api_version}@{server.replace(':', '%3A').replace('/', '%2F')}"
        from urllib.parse import quote

        return f"{self.api_version}@{quote(server, safe='')}"

    @property
    def server(self) -> str:
        """`api_url` in one spelling."""
        plain = values.plain_server(self.api_url)
        if plain is not None:
            port = "" if plain.port in (0, _DEFAULT_PORTS[plain.scheme]) else f":{plain.port}"
            return f"{plain.scheme}://{plain.host}{port}"
        from urllib.parse import urlsplit

        parts = urlsplit(self.api_url)
        port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"

    def __repr__(self) -> str:
        # A URL may contain a password.
        shown = (f"{name}={value!r}" for name, value in self._asdict().items() if name != "state")
        return f"Settings({', '.join(shown)})"


def read_settings(environment: Mapping[str, str], given: Mapping[str, Any] | None = None) -> Settings:
    """`given`: values by the names of the configuration file; they override the file and the environment.

    Raises `ConfigError`, which names the variable.
    """
    unknown = not_settings(environment)
    if unknown:
        from .unknown_variables import warn_once

        warn_once(unknown)
    file = config_file(environment)
    return settings_from({**_by_variable(file), **environment_values(environment), **_by_variable(given or {})})


def config_file(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the file that `VT_CONFIG` names; empty without `VT_CONFIG`. Raises `ConfigError`."""
    if not (environment.get("VT_CONFIG", "").strip() or environment.get("VT_PROFILE", "").strip()):
        return {}
    from .config_file import config_file

    return config_file(environment)


def settings_from(given: Mapping[str, Any]) -> Settings:
    """Settings from values by variable name (`VT_QUOTA`, ...); the rest has defaults. Raises `ConfigError`."""
    defaults = Settings()

    def take(name: str, read: Callable[[str, Any], Value], default: Value) -> Value:
        return read(name, given[name]) if name in given else default

    rules = _rules_from(given)
    return Settings(
        api_url=take("VT_API_URL", lambda _, value: values.checked_base_url(str(value)), defaults.api_url),
        api_version=take("VT_API_VERSION", values.version, defaults.api_version),
        quota=take("VT_QUOTA", lambda _, value: parse_quota(str(value)), defaults.quota),
        state=take("VT_STATE", lambda _, value: str(value).strip() or None, defaults.state),
        state_required=take("VT_STATE_REQUIRED", values.switch, defaults.state_required),
        cache_ttl_s=take("VT_CACHE_TTL", values.seconds, defaults.cache_ttl_s),
        cache_ttl_not_found_s=take("VT_CACHE_TTL_NOT_FOUND", values.seconds, defaults.cache_ttl_not_found_s),
        cache_max_bytes=take("VT_CACHE_SIZE_MB", values.megabytes, defaults.cache_max_bytes),
        keep_raw=take("VT_KEEP_RAW", values.switch, defaults.keep_raw),
        pending_max=take("VT_PENDING_MAX", values.room, defaults.pending_max),
        timeout_s=take("VT_TIMEOUT", values.timeout, defaults.timeout_s),
        never_query=take("VT_NEVER_QUERY", values.entries, defaults.never_query),
        scan_roots=take("VT_SCAN_ROOTS", values.folders, defaults.scan_roots),
        thresholds=rules.thresholds,
        thresholds_by_kind=rules.by_kind,
        trusted_engines=rules.trusted,
        ignored_engines=rules.ignored,
        verdict_by=rules.verdict_by,
    )


def _rules_from(given: Mapping[str, Any]) -> Rules:
    if not any(name in given for name in _OF_RULES):
        return Rules()
    from .rules import rules_from

    return rules_from(given)


_OF_RULES = (
    "VT_MALICIOUS_THRESHOLD",
    "VT_SUSPICIOUS_THRESHOLD",
    "VT_THRESHOLDS",
    "VT_TRUSTED_ENGINES",
    "VT_IGNORED_ENGINES",
    "VT_VERDICT_BY",
)
VARIABLES = (
    "VT_API_URL",
    "VT_API_VERSION",
    "VT_QUOTA",
    "VT_STATE",
    "VT_STATE_REQUIRED",
    "VT_CACHE_TTL",
    "VT_CACHE_TTL_NOT_FOUND",
    "VT_CACHE_SIZE_MB",
    "VT_KEEP_RAW",
    "VT_PENDING_MAX",
    "VT_TIMEOUT",
    "VT_NEVER_QUERY",
    "VT_SCAN_ROOTS",
    *_OF_RULES,
)


_OTHERS = ("VT_API_KEY", "VT_API_KEY_FILE", "VT_CONFIG", "VT_PROFILE")


def not_settings(environment: Mapping[str, str]) -> list[str]:
    """A warning for each variable of `environment` that looks like a setting but is not one."""
    known = (*VARIABLES, *_OTHERS)
    if not any(name not in known and name.upper().startswith("VT_") for name in environment):
        return []
    from .unknown_variables import unknown_variables

    return list(unknown_variables(environment, known))


def environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that `environment` has, by variable name."""
    return {name: environment[name] for name in VARIABLES if environment.get(name, "").strip()}


def _by_variable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"VT_{name.upper()}": value for name, value in values.items()}
