"""Checks in a real Splunk server with the app, for everything that the documentation calls not tried."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from package.real_splunk.session import APP, Found, Session

EICAR = "44d88612fea8a8f36de82e1278abb02f"
EVENTS = 3000
_MAKE = f'| makeresults | eval md5="{EICAR}" | vtlookup hash=md5'
_INDEX_S, _GONE_S, _LOOK_S = 60.0, 15.0, 1.0


class NotAsExpected(Exception):
    """The message says what was found instead."""


@dataclass
class Trial:
    """A server with the app, set up for the sandbox. `run` runs a command on splunkd's machine."""

    admin: Session
    analyst: Session
    run: Callable[..., str]
    sleep: Callable[[float], None] = time.sleep

    def rows(self, who: Session, search: str, **how: str) -> list[Mapping[str, Any]]:
        """The rows of a search that must succeed and have results."""
        found = who.search(search, **how)
        if found.failed or not found.rows:
            raise NotAsExpected(_came_of(found))
        return found.rows

    def indexed(self, search: str) -> list[Mapping[str, Any]]:
        """Like `rows`, but waits until events are indexed."""
        for _ in range(int(_INDEX_S / _LOOK_S)):
            found = self.admin.search(search, earliest_time="-15m")
            if found.rows:
                return found.rows
            self.sleep(_LOOK_S)
        raise NotAsExpected(f"nothing was indexed in {_INDEX_S:g} s")

    def set(self, **settings: str) -> None:
        answer = self.admin.document("POST", "vtlookup/settings", {"settings": settings})
        if "error" in answer:
            raise NotAsExpected(str(answer))


def _came_of(found: Found) -> str:
    return "; ".join(found.messages) or f"{len(found.rows)} rows and no message"


def _expect(condition: object, what: object) -> None:
    if not condition:
        raise NotAsExpected(str(what)[:500])


def _md5(name: str) -> str:
    return hashlib.md5(name.encode()).hexdigest()  # noqa: S324 - a name for a file, nothing secret


def settings_are_understood(trial: Trial) -> str:
    """`btool check` knows every setting of the app."""
    told = trial.run("/opt/splunk/bin/splunk", "cmd", "btool", "check", f"--app={APP}")
    _expect(not [line for line in told.splitlines() if f"/{APP}/" in line], told)
    return "btool reports no problem"


def a_verdict(trial: Trial) -> str:
    """`| vtlookup` adds a verdict."""
    [row] = trial.rows(trial.admin, _MAKE)
    _expect(row.get("vt_verdict") == "malicious", row)
    return f"vt_detections={row['vt_detections']}"


def events_keep_their_fields(trial: Trial) -> str:
    """Splunk merges what the command sends with the rest of each event, in order."""
    search = (
        f"| makeresults count={EVENTS} | streamstats count AS number "
        f'| eval md5=if(number % 2 == 0, "{EICAR}", "not a hash"), other="kept ".number | vtlookup hash=md5'
    )
    rows = trial.rows(trial.admin, search)
    _expect(len(rows) == EVENTS, f"{len(rows)} rows of {EVENTS}")
    wrong = [
        row
        for number, row in enumerate(rows, 1)
        if row.get("other") != f"kept {number}" or row.get("vt_status") != ("error" if number % 2 else "ok")
    ]
    _expect(not wrong, wrong[:2])
    return f"{EVENTS} events, all fields"


def several_values_in_a_field(trial: Trial) -> str:
    """A multivalue field gets multivalue results."""
    search = f'| makeresults | eval x=mvappend("{EICAR}", "8.8.8.8") | vtlookup ioc=x'
    [row] = trial.rows(trial.admin, search)
    _expect(row.get("vt_type") == ["hash", "ip"] and row.get("vt_worst_verdict") == "malicious", row)
    return "one value per indicator"


def a_wrong_option_is_told(trial: Trial) -> str:
    """A search with a wrong option ends with the command's own message."""
    found = trial.admin.search("| makeresults | eval md5=1 | vtlookup hsh=md5")
    _expect(found.failed and any("hsh" in text for text in found.messages), _came_of(found))
    return found.messages[0]


def an_analyst_is_served_without_the_key(trial: Trial) -> str:
    """The endpoint looks up for users with the role vtlookup_user, and shows the key to no user."""
    [row] = trial.rows(trial.analyst, f'| makeresults | eval md5="{_md5("analyst")}" | vtlookup hash=md5')
    _expect(row.get("vt_source") == "api", row)
    for path in (f"/servicesNS/nobody/{APP}/storage/passwords/vtlookup%3Aapi_key%3A", "vtlookup/settings"):
        statuses = [who.status("GET", path) for who in (trial.admin, trial.analyst)]
        _expect(statuses[0] == 200 and statuses[1] in (401, 403, 404), f"GET {path}: {statuses}")
    return "looked up by the endpoint; storage/passwords and the settings are not readable"


def commands_that_begin_a_search(trial: Trial) -> str:
    """`vtreport`, `vtrelated`, `vtbehaviour`, `vtquota`, `vtcache` and `vtdrain` produce the expected rows."""
    [report] = trial.rows(trial.analyst, f"| vtreport value={EICAR}")
    _expect(report.get("vt_verdict") == "malicious", report)
    for search in (f"vtrelated value={EICAR} relationship=contacted_urls", f"vtbehaviour hash={EICAR} parts=summary"):
        rows = trial.rows(trial.analyst, f"| {search}")
        _expect(len(rows) > 1 and {row.get("vt_status") for row in rows} == {"ok"}, rows)
    trial.set(quota="100/day")
    # As admin, because the endpoint, which the analyst would use, may use the old settings for 30 seconds.
    [window] = trial.rows(trial.admin, "| vtquota")
    _expect((window.get("window"), window.get("limit")) == ("day", "100"), window)
    trial.set(quota="none")
    _expect(EICAR in {row.get("indicator") for row in trial.rows(trial.admin, "| vtcache")}, "EICAR is not cached")
    [drained] = trial.rows(trial.admin, "| vtdrain")
    _expect(drained.get("failed") == "0", drained)
    return "all six"


def the_stream_is_handed_over_once(trial: Trial) -> str:
    """The second of two searches with `vtstream` continues where the first one ended."""
    rows = [trial.rows(trial.admin, f"| vtstream limit={count}") for count in (3, 4)]
    seen = [{str(row.get("vt_notification_id")) for row in each} for each in rows]
    _expect([len(each) for each in seen] == [3, 4] and not seen[0] & seen[1], rows)
    return "no event twice"


def a_cancelled_search_ends(trial: Trial) -> str:
    """The process of a search that waits for quota ends soon after the search is cancelled."""
    trial.set(quota="1/minute")
    values = ", ".join(f'"{_md5(str(number))}"' for number in range(5))
    job = trial.admin.begin(f"| makeresults | eval md5=mvappend({values}) | vtlookup hash=md5 wait=600")
    try:
        trial.sleep(5.0)
        _expect(_processes(trial), "no process waits")
        job.cancel()
        began = time.monotonic()
        for _ in range(int(_GONE_S / _LOOK_S)):
            if not _processes(trial):
                return f"gone after {time.monotonic() - began:.0f} s"
            trial.sleep(_LOOK_S)
    finally:
        trial.set(quota="none")
    raise NotAsExpected(f"still there after {_GONE_S:g} s")


def _processes(trial: Trial) -> str:
    return trial.run("sh", "-c", "grep -las '[v]tlookup/bin/vtlookup.py' /proc/[0-9]*/cmdline || true").strip()


def the_kv_store_keeps_cache_and_quota(trial: Trial) -> str:
    """`state = kvstore`: answers, quota and the lookup `vt_verdicts` work."""
    trial.set(state="kvstore", quota="50/day")
    try:
        new = f'| makeresults | eval md5="{_md5("kvstore")}" | vtlookup hash=md5'
        sources = [trial.rows(who, new)[0].get("vt_source") for who in (trial.admin, trial.analyst)]
        _expect(sources == ["api", "cache"], sources)
        [window] = trial.rows(trial.admin, "| vtquota")
        _expect(window.get("used") == "1", window)
        search = (
            f'| makeresults | eval md5="{_md5("kvstore")}" | lookup local=true vt_verdicts indicator AS md5 OUTPUT type'
        )
        [row] = trial.rows(trial.analyst, search)
        _expect(row.get("type") == "hash", row)
    finally:
        trial.set(state="", quota="none")
    return "one request for two users, and the lookup has it"


def the_log_is_indexed(trial: Trial) -> str:
    """Each search's line is in _internal, with its fields."""
    rows = trial.indexed(
        'index=_internal sourcetype="vtlookup:log" event=search | table command, verdicts.malicious, sid'
    )
    _expect(any(row.get("verdicts.malicious") and row.get("sid") for row in rows), rows[:2])
    return f"{len(rows)} lines"


def an_alert_writes_verdicts(trial: Trial) -> str:
    """`VirusTotal lookup` writes an event for each indicator, and Splunk finds its fields."""
    trial.admin.search(f'| makeresults | eval md5="{EICAR}" | sendalert vt_alert_lookup param.fields="md5"')
    rows = trial.indexed('index=main sourcetype="vtlookup:verdict" | table indicator, vt_verdict, user, results')
    _expect(rows[0].get("indicator") == EICAR and rows[0].get("vt_verdict") == "malicious", rows[0])
    return f"user={rows[0].get('user')}"


def verdicts_are_in_the_data_model(trial: Trial) -> str:
    """Splunk gives a malicious verdict the tag and the fields of the data model Alerts, and lists by their names."""
    found = trial.indexed("index=main eventtype=vtlookup_verdict_alert tag=alert | table severity, vt_detected_by")
    _expect(found[0].get("severity") == "high" and found[0].get("vt_detected_by"), found[0])
    return f"{len(found)} events with tag=alert"


def an_alert_comments_only_when_allowed(trial: Trial) -> str:
    """`VirusTotal comment` does nothing by default, and logs that."""
    search = f'| makeresults | sendalert vt_alert_comment param.indicator="{EICAR}" param.comment="a try"'
    trial.admin.search(search)
    log = 'index=_internal sourcetype="vtlookup:log" event=alert command=vt_alert_comment'
    rows = trial.indexed(f"{log} | table written, errors.config_error")
    _expect(rows[0].get("errors.config_error") == "1" and rows[0].get("written") == "0", rows[0])
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
        _expect(not missing, f"{path} has no {', '.join(sorted(missing))}")
    return "use --keep to look at them"


CHECKS: tuple[Callable[[Trial], str], ...] = (
    settings_are_understood,
    a_verdict,
    events_keep_their_fields,
    several_values_in_a_field,
    a_wrong_option_is_told,
    an_analyst_is_served_without_the_key,
    commands_that_begin_a_search,
    the_stream_is_handed_over_once,
    a_cancelled_search_ends,
    the_kv_store_keeps_cache_and_quota,
    the_log_is_indexed,
    an_alert_writes_verdicts,
    verdicts_are_in_the_data_model,
    an_alert_comments_only_when_allowed,
    pages_and_menus_are_there,
)
