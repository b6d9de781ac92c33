"""What happens on a day before somebody opens a page: searches of several users, an alert, and events of others."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.splunk.alerting import Alert, events
from tests.splunk.fake_splunkd import SESSION, FakeSplunkd
from tests.splunk.searching import CLEAN_IP, EICAR_MD5, Lookup, md5
from vt_connectors.sandbox.data.catalogue import catalogue

from .pipeline import Rows
from .searches import Searches

USERS = ("alice", "bob", "carol", "soc-automation")
ALERTS = ("Files on endpoints", "Downloads by the proxy", "Attachments of mails")
_HOUR_S = 3600


def there(splunkd: FakeSplunkd) -> dict[str, Any]:
    """splunkd, for a search of its analyst."""
    return {"session_key": SESSION, "splunkd_uri": splunkd.url}


def a_day(command: Lookup, splunkd: FakeSplunkd, searches: int) -> Searches:
    """The app after so many searches."""
    known = [entry.facts.md5 for entry in catalogue() if entry.facts]
    for at in range(searches):
        values = [known[at % len(known)], EICAR_MD5, *(md5(at * 4 + more) for more in range(1 + at % 7))]
        values += ["10.0.0.1", "not an indicator"][: at % 3]
        rows = [{"x": value} for value in values]
        command([rows], "ioc=x", "wait=0", owner=USERS[at * 7 // 3 % len(USERS)], **there(splunkd))
    Alert("vt_alert_lookup", command, splunkd)([{"md5": EICAR_MD5, "ip": CLEAN_IP}], fields="md5, ip")
    return Searches(command, there(splunkd), [*_alerts(splunkd), *_of_others()])


def _alerts(splunkd: FakeSplunkd) -> Rows:
    """The events that the alert wrote, as if there had been several in the last days."""
    now = time.time()
    return [
        {**event, "_time": now - (7 + 17 * at) * _HOUR_S, "sourcetype": "vtlookup:verdict", "search_name": name}
        for at, name in enumerate(ALERTS)
        for event in events(splunkd)
    ]


def _of_others() -> Rows:
    now = time.time()
    found = []
    for at in range(42):
        kind = ("proxy", "sysmon", "mail")[at * at % 3]
        host = f"pc-{at * 7 % 23:02}"
        raw = {"host": host, "action": ("allowed", "blocked")[at % 2], "md5": EICAR_MD5, "bytes": 400 + at * 13}
        age_s = (1 + (at * at) % 61) * _HOUR_S
        found.append({"_time": now - age_s, "sourcetype": kind, "host": host, "_raw": json.dumps(raw)})
    return found
