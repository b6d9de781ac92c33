"""Every setting the app's .conf files may hold. Splunk ignores a misspelt one without a word."""

from __future__ import annotations

import re

# File, then a pattern for the stanza's name, then patterns for the names of its settings.
ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "app.conf": {
        "install": ("state", "is_configured"),
        "package": ("id", "check_for_updates"),
        "ui": ("is_visible", "label"),
        "launcher": ("author", "description", "version"),
        "id": ("name", "version"),
        "triggers": (r"reload\.vtlookup",),
    },
    "commands.conf": {
        "vtlookup": ("filename", "chunked", r"python\.version", r"python\.required", "run_in_preview"),
        "vt(report|quota|cache)": (
            "filename",
            "chunked",
            r"python\.version",
            r"python\.required",
            "run_in_preview",
            "is_risky",
        ),
    },
    "authorize.conf": {
        "capability::vtlookup_admin": (),
        "role_admin": ("vtlookup_admin",),
    },
    "searchbnf.conf": {
        "[a-z]+-command": (
            "syntax",
            "shortdesc",
            "description",
            r"(comment|example)[123]",
            "related",
            "category",
            "usage",
            "tags",
            "maintainer",
        ),
    },
    "server.conf": {
        "shclustering": (r"conf_replication_include\.vtlookup",),
    },
    "vtlookup.conf": {
        "settings": (
            "api_url",
            "timeout",
            "quota",
            "cache_ttl",
            "cache_ttl_not_found",
            "cache_size_mb",
            "state",
            "never_query",
            "malicious_threshold",
            "suspicious_threshold",
            "selected_fields",
            "log_level",
        ),
    },
    "default.meta": {
        "": ("access", "export"),
        "(commands|searchbnf)": ("access", "export"),
        "(macros|workflow_actions|props|views/vt_report)": ("access", "export"),
    },
    "macros.conf": {
        r"vt_[a-z_]+(\([0-9]\))?": ("args", "definition", "iseval"),
    },
    "workflow_actions.conf": {
        "vt_[a-z_]+": ("type", "label", "fields", "display_location", r"link\.(method|target|uri)"),
    },
    "props.conf": {
        r"source::\.\.\.vtlookup\.log\*": ("sourcetype",),
        "vtlookup:log": (
            "SHOULD_LINEMERGE",
            "LINE_BREAKER",
            "TRUNCATE",
            "TIME_PREFIX",
            "TIME_FORMAT",
            "MAX_TIMESTAMP_LOOKAHEAD",
            "TZ",
            "KV_MODE",
        ),
    },
}


def is_allowed(file: str, stanza: str, setting: str) -> bool:
    """Whether the table lists `setting` for `stanza` of `file`."""
    stanzas = ALLOWED.get(file, {})
    settings = [names for pattern, names in stanzas.items() if re.fullmatch(pattern, stanza)]
    return any(re.fullmatch(name, setting) for names in settings for name in names)
