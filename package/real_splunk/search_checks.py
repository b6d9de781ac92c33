"""Checks of the app's commands in searches of a real Splunk server."""

from __future__ import annotations

import time

from package.real_splunk.session import APP
from package.real_splunk.trial import EICAR, LOOK_S, NotAsExpected, Trial, came_of, expect, md5_of

EVENTS = 3000
_GONE_S = 15.0


def a_verdict(trial: Trial) -> str:
    """`| vtlookup` adds a verdict."""
    [row] = trial.rows(trial.admin, f'| makeresults | eval md5="{EICAR}" | vtlookup hash=md5')
    expect(row.get("vt_verdict") == "malicious", row)
    return f"vt_detections={row['vt_detections']}"


def events_keep_their_fields(trial: Trial) -> str:
    """Splunk merges what the command sends with the rest of each event, in order."""
    search = (
        f"| makeresults count={EVENTS} | streamstats count AS number "
        f'| eval md5=if(number % 2 == 0, "{EICAR}", "not a hash"), other="kept ".number | vtlookup hash=md5'
    )
    rows = trial.rows(trial.admin, search)
    expect(len(rows) == EVENTS, f"{len(rows)} rows of {EVENTS}")
    wrong = [
        row
        for number, row in enumerate(rows, 1)
        if row.get("other") != f"kept {number}" or row.get("vt_status") != ("error" if number % 2 else "ok")
    ]
    expect(not wrong, wrong[:2])
    return f"{EVENTS} events, all fields"


def several_values_in_a_field(trial: Trial) -> str:
    """A multivalue field gets multivalue results."""
    search = f'| makeresults | eval x=mvappend("{EICAR}", "8.8.8.8") | vtlookup ioc=x'
    [row] = trial.rows(trial.admin, search)
    expect(row.get("vt_type") == ["hash", "ip"] and row.get("vt_worst_verdict") == "malicious", row)
    return "one value per indicator"


def a_wrong_option_is_told(trial: Trial) -> str:
    """A search with a wrong option ends with the command's own message."""
    found = trial.admin.search("| makeresults | eval md5=1 | vtlookup hsh=md5")
    expect(found.failed and any("hsh" in text for text in found.messages), came_of(found))
    return found.messages[0]


def an_analyst_is_served_without_the_key(trial: Trial) -> str:
    """The endpoint looks up for users with the role vtlookup_user, and shows the key to no user."""
    [row] = trial.rows(trial.analyst, f'| makeresults | eval md5="{md5_of("analyst")}" | vtlookup hash=md5')
    expect(row.get("vt_source") == "api", row)
    for path in (f"/servicesNS/nobody/{APP}/storage/passwords/vtlookup%3Aapi_key%3A", "vtlookup/settings"):
        statuses = [who.status("GET", path) for who in (trial.admin, trial.analyst)]
        expect(statuses[0] == 200 and statuses[1] in (401, 403, 404), f"GET {path}: {statuses}")
    return "looked up by the endpoint; storage/passwords and the settings are not readable"


def commands_that_begin_a_search(trial: Trial) -> str:
    """`vtreport`, `vtrelated`, `vtbehaviour`, `vtquota`, `vtcache` and `vtdrain` produce the expected rows."""
    [report] = trial.rows(trial.analyst, f"| vtreport value={EICAR}")
    expect(report.get("vt_verdict") == "malicious", report)
    for search in (f"vtrelated value={EICAR} relationship=contacted_urls", f"vtbehaviour hash={EICAR} parts=summary"):
        rows = trial.rows(trial.analyst, f"| {search}")
        expect(len(rows) > 1 and {row.get("vt_status") for row in rows} == {"ok"}, rows)
    trial.set(quota="100/day")
    # As admin, because the endpoint, which the analyst would use, may use the old settings for 30 seconds.
    [window] = trial.rows(trial.admin, "| vtquota")
    expect((window.get("window"), window.get("limit")) == ("day", "100"), window)
    trial.set(quota="none")
    expect(EICAR in {row.get("indicator") for row in trial.rows(trial.admin, "| vtcache")}, "EICAR is not cached")
    [drained] = trial.rows(trial.admin, "| vtdrain")
    expect(drained.get("failed") == "0", drained)
    return "all six"


def the_stream_is_handed_over_once(trial: Trial) -> str:
    """The second of two searches with `vtstream` continues where the first one ended."""
    rows = [trial.rows(trial.admin, f"| vtstream limit={count}") for count in (3, 4)]
    seen = [{str(row.get("vt_notification_id")) for row in each} for each in rows]
    expect([len(each) for each in seen] == [3, 4] and not seen[0] & seen[1], rows)
    return "no event twice"


def a_cancelled_search_ends(trial: Trial) -> str:
    """The process of a search that waits for quota ends soon after the search is cancelled."""
    trial.set(quota="1/minute")
    values = ", ".join(f'"{md5_of(str(number))}"' for number in range(5))
    job = trial.admin.begin(f"| makeresults | eval md5=mvappend({values}) | vtlookup hash=md5 wait=600")
    try:
        trial.sleep(5.0)
        expect(_processes(trial), "no process waits")
        job.cancel()
        began = time.monotonic()
        for _ in range(int(_GONE_S / LOOK_S)):
            if not _processes(trial):
                return f"gone after {time.monotonic() - began:.0f} s"
            trial.sleep(LOOK_S)
    finally:
        trial.set(quota="none")
    raise NotAsExpected(f"still there after {_GONE_S:g} s")


def _processes(trial: Trial) -> str:
    return trial.run("sh", "-c", "grep -las '[v]tlookup/bin/vtlookup.py' /proc/[0-9]*/cmdline || true").strip()
