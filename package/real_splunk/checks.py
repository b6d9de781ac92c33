"""Checks in a real Splunk server with the app, for everything that the documentation calls not tried."""

from __future__ import annotations

from collections.abc import Callable

from package.real_splunk import search_checks
from package.real_splunk.session import APP
from package.real_splunk.trial import EICAR, Trial, expect, md5_of


def settings_are_understood(trial: Trial) -> str:
    """`btool check` knows every setting of the app."""
    told = trial.run("/opt/splunk/bin/splunk", "cmd", "btool", "check", f"--app={APP}")
    expect(not [line for line in told.splitlines() if f"/{APP}/" in line], told)
    return "btool reports no problem"


def the_kv_store_keeps_cache_and_quota(trial: Trial) -> str:
    """`state = kvstore`: answers, quota and the lookup `vt_verdicts` work."""
    trial.set(state="kvstore", quota="50/day")
    try:
        made = f'| makeresults | eval md5="{md5_of("kvstore")}"'
        sources = [
            trial.rows(who, f"{made} | vtlookup hash=md5")[0].get("vt_source") for who in (trial.admin, trial.analyst)
        ]
        expect(sources == ["api", "cache"], sources)
        [window] = trial.rows(trial.admin, "| vtquota")
        expect(window.get("used") == "1", window)
        search = f"{made} | lookup local=true vt_verdicts indicator AS md5 OUTPUT type"
        [row] = trial.rows(trial.analyst, search)
        expect(row.get("type") == "hash", row)
    finally:
        trial.set(state="", quota="none")
    return "one request for two users, and the lookup has it"


def the_log_is_indexed(trial: Trial) -> str:
    """Each search's line is in _internal, with its fields."""
    rows = trial.indexed(
        'index=_internal sourcetype="vtlookup:log" event=search | table command, verdicts.malicious, sid'
    )
    expect(any(row.get("verdicts.malicious") and row.get("sid") for row in rows), rows[:2])
    return f"{len(rows)} lines"


def an_alert_writes_verdicts(trial: Trial) -> str:
    """`VirusTotal lookup` writes an event for each indicator, and Splunk finds its fields."""
    trial.admin.search(f'| makeresults | eval md5="{EICAR}" | sendalert vt_alert_lookup param.fields="md5"')
    rows = trial.indexed('index=main sourcetype="vtlookup:verdict" | table indicator, vt_verdict, user, results')
    expect(rows[0].get("indicator") == EICAR and rows[0].get("vt_verdict") == "malicious", rows[0])
    return f"user={rows[0].get('user')}"


def verdicts_are_in_the_data_model(trial: Trial) -> str:
    """Splunk gives a malicious verdict the tag and the fields of the data model Alerts, and lists by their names."""
    found = trial.indexed("index=main eventtype=vtlookup_verdict_alert tag=alert | table severity, vt_detected_by")
    expect(found[0].get("severity") == "high" and found[0].get("vt_detected_by"), found[0])
    return f"{len(found)} events with tag=alert"


def an_alert_comments_only_when_allowed(trial: Trial) -> str:
    """`VirusTotal comment` does nothing by default, and logs that."""
    search = f'| makeresults | sendalert vt_alert_comment param.indicator="{EICAR}" param.comment="a try"'
    trial.admin.search(search)
    log = 'index=_internal sourcetype="vtlookup:log" event=alert command=vt_alert_comment'
    rows = trial.indexed(f"{log} | table written, errors.config_error")
    expect(rows[0].get("errors.config_error") == "1" and rows[0].get("written") == "0", rows[0])
    return "refused, and logged"


def pages_and_menus_are_there(trial: Trial) -> str:
    """Splunk has loaded the pages, menus, macros, saved searches and forms of the app."""
    wanted = {
        "data/ui/views": {"setup", "vt_overview", "vt_report", "vt_details"},
        "data/ui/workflow-actions": {"vt_report", "vt_open_file"},
        "admin/macros": {"vt_known(1)", "vt_only_bad"},
        "saved/searches": {"VirusTotal - look up what is pending"},
        "alerts/alert_actions": {"vt_alert_lookup", "vt_alert_comment"},
    }
    for path, names in wanted.items():
        entries = trial.admin.document("GET", f"/servicesNS/nobody/{APP}/{path}")["entry"]
        missing = names - {entry["name"] for entry in entries}
        expect(not missing, f"{path} has no {', '.join(sorted(missing))}")
    return "use --keep to look at them"


CHECKS: tuple[Callable[[Trial], str], ...] = (
    settings_are_understood,
    search_checks.a_verdict,
    search_checks.events_keep_their_fields,
    search_checks.several_values_in_a_field,
    search_checks.a_wrong_option_is_told,
    search_checks.an_analyst_is_served_without_the_key,
    search_checks.commands_that_begin_a_search,
    search_checks.the_stream_is_handed_over_once,
    search_checks.a_cancelled_search_ends,
    the_kv_store_keeps_cache_and_quota,
    the_log_is_indexed,
    an_alert_writes_verdicts,
    verdicts_are_in_the_data_model,
    an_alert_comments_only_when_allowed,
    pages_and_menus_are_there,
)
