"""The page of settings has every one of them, with its default."""

from __future__ import annotations

from vt_connectors.config.settings import VARIABLES, Settings
from vt_connectors.contract.validation import schema
from vt_connectors.quota.windows import PUBLIC

from .pages import in_code, page

PAGE = page("docs/settings.md")
ROWS = {name: row for row in PAGE.rows if len(row) == 3 for name in in_code(row[0])}
_ELSEWHERE = {"VT_API_KEY", "VT_API_KEY_FILE", "VT_CONFIG", "VT_PROFILE"}


def test_every_variable_has_a_row() -> None:
    assert {name for name in ROWS if name.startswith("VT_")} == {*VARIABLES, *_ELSEWHERE}


def test_the_file_has_the_same_names_in_lower_case() -> None:
    assert {f"VT_{name.upper()}" for name in schema("settings.json")["properties"] if name != "profiles"} == {
        *VARIABLES,
        *_ELSEWHERE,
    } - {"VT_CONFIG", "VT_PROFILE"}


def test_the_defaults_are_the_settings_own() -> None:
    unset = Settings()
    defaults = {
        "VT_API_URL": unset.api_url,
        "VT_API_VERSION": unset.api_version,
        "VT_QUOTA": PUBLIC,
        "VT_STATE": None,
        "VT_CACHE_TTL": f"{unset.cache_ttl_s:g}",
        "VT_CACHE_TTL_NOT_FOUND": f"{unset.cache_ttl_not_found_s:g}",
        "VT_CACHE_SIZE_MB": f"{unset.cache_max_bytes / 1024 / 1024:g}",
        "VT_PENDING_MAX": str(unset.pending_max),
        "VT_KEEP_RAW": str(int(unset.keep_raw)),
        "VT_STATE_REQUIRED": str(int(unset.state_required)),
        "VT_TIMEOUT": f"{unset.timeout_s:g}",
        "VT_NEVER_QUERY": None,
        "VT_SCAN_ROOTS": None,
        "VT_MALICIOUS_THRESHOLD": str(unset.thresholds.malicious),
        "VT_SUSPICIOUS_THRESHOLD": str(unset.thresholds.suspicious),
        "VT_THRESHOLDS": None,
        "VT_TRUSTED_ENGINES": None,
        "VT_IGNORED_ENGINES": None,
        "VT_VERDICT_BY": unset.verdict_by,
    }
    assert set(defaults) == set(VARIABLES)
    shown = {name: next(iter(in_code(ROWS[name][1])), None) for name in VARIABLES}
    assert shown == defaults
