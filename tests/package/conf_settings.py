"""All settings that the app's .conf files may contain. Splunk silently ignores a misspelt one."""

from __future__ import annotations

import re

# File, then a pattern for the stanza's name, then patterns for the names of its settings.
ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "app.conf": {
        "install": ("state", "is_configured", "build"),
        "package": ("id", "check_for_updates"),
        "ui": ("is_visible", "label", "setup_view"),
        "launcher": ("author", "description", "version"),
        "id": ("name", "version"),
        "triggers": (r"reload\.vtlookup",),
    },
    "commands.conf": {
        "vtlookup": ("filename", "chunked", r"python\.version", r"python\.required", "run_in_preview"),
        "vt(report|quota|cache|drain|comment|related|behaviour|search|stream)": (
            "filename",
            "chunked",
            r"python\.version",
            r"python\.required",
            "run_in_preview",
            "is_risky",
        ),
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
    "savedsearches.conf": {
        "(VirusTotal - |Threat - VirusTotal ).+|VT IoC stream to index": (
            "description",
            "search",
            "enableSched",
            "cron_schedule",
            "disabled",
            r"dispatch\.(earliest|latest)_time",
            "schedule_window",
        ),
        # Of Enterprise Security: correlation searches and notable events.
        "Threat - .+ - Rule": (
            "counttype",
            "relation",
            "quantity",
            r"alert\.suppress(\.(fields|period))?",
            r"action\.correlationsearch\.(enabled|label)",
            r"action\.notable",
            r"action\.notable\.param\.(rule_(title|description)|security_domain|severity)",
            r"action\.notable\.param\.drilldown_(name|search|earliest_offset|latest_offset)",
        ),
    },
    "eventtypes.conf": {
        "vtlookup_[a-z_]+": ("search",),
    },
    "tags.conf": {
        "eventtype=vtlookup_[a-z_]+": ("alert",),
    },
    "vtlookup.conf": {
        "settings": (
            "api_url",
            "timeout",
            "quota",
            "cache_ttl",
            "cache_ttl_not_found",
            "cache_size_mb",
            "pending_max",
            "state_required",
            "state",
            "never_query",
            "malicious_threshold",
            "suspicious_threshold",
            "thresholds",
            "trusted_engines",
            "ignored_engines",
            "verdict_by",
            "proxy",
            "ca_bundle",
            "verdict_indexes",
            "comments_allowed",
            "writes_allowed",
            "selected_fields",
            "log_level",
        ),
    },
    "alert_actions.conf": {
        "vt_alert_(lookup|comment)": (
            "is_custom",
            "label",
            "description",
            "icon_path",
            "payload_format",
            r"python\.version",
            r"python\.required",
            "maxtime",
            "ttl",
            r"param\.(_cam|fields|type|index|wait|limit|indicator|comment)",
        ),
    },
    "collections.conf": {
        "vt_(answers|leases|ledgers|pending)": (r"field\.[a-z_]+", r"accelerated_fields\.[a-z_]+"),
    },
    "transforms.conf": {
        "vt_verdicts": ("external_type", "collection", "fields_list", "max_matches", "filter"),
    },
    "authorize.conf": {
        r"capability::(run_vtlookup|run_vtlookup_write|vtlookup_admin)": (),
        "role_vtlookup_user": ("importRoles", "run_vtlookup"),
        "role_admin": ("run_vtlookup", "run_vtlookup_write", "vtlookup_admin"),
    },
    "web.conf": {
        r"expose:vtlookup_(settings|checks)": ("pattern", "methods"),
    },
    "restmap.conf": {
        r"script:vtlookup_[a-z]+": (
            "match",
            "script",
            "scripttype",
            "handler",
            r"driver\.env\.VTLOOKUP_ENDPOINTS",
            r"python\.version",
            r"python\.required",
            "requireAuthentication",
            "capability",
            r"capability\.(get|post|put|delete)",
            "output_modes",
            "passSystemAuth",
            "passPayload",
            "passSession",
            "passHttpHeaders",
            "passHttpCookies",
            "passConf",
        ),
    },
    "default.meta": {
        "": ("access", "export"),
        "transforms/vt_verdicts": ("access", "export"),
        "collections/vt_(answers|leases|ledgers|pending)": ("access", "export"),
        "(commands|searchbnf)": ("access", "export"),
        "(macros|workflow_actions|alert_actions|alerts|props|views/vt_report)": ("access", "export"),
        "(eventtypes|tags)": ("access", "export"),
    },
    "macros.conf": {
        r"vt_[a-z_]+(\([0-9]\))?": ("args", "definition", "iseval"),
    },
    "workflow_actions.conf": {
        "vt_[a-z_]+": ("type", "label", "fields", "display_location", r"link\.(method|target|uri)"),
    },
    "props.conf": {
        r"source::\.\.\.vtlookup\.log\*": ("sourcetype",),
        "vtlookup:(log|verdict|stream)": (
            "SHOULD_LINEMERGE",
            "LINE_BREAKER",
            "TRUNCATE",
            "TIME_PREFIX",
            "TIME_FORMAT",
            "MAX_TIMESTAMP_LOOKAHEAD",
            "TZ",
            "KV_MODE",
        ),
        "vtlookup:(verdict|stream)": (r"FIELDALIAS-vtlookup_(lists|cim)", "EVAL-[a-z_]+"),
    },
}


def is_allowed(file: str, stanza: str, setting: str) -> bool:
    """Whether the table lists `setting` for `stanza` of `file`."""
    stanzas = ALLOWED.get(file, {})
    settings = [names for pattern, names in stanzas.items() if re.fullmatch(pattern, stanza)]
    return any(re.fullmatch(name, setting) for names in settings for name in names)
