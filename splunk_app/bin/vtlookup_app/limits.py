"""Limits of one call of the endpoint. One of its processes serves one call at a time."""

from __future__ import annotations

MOST_REQUESTS, MOST_WITH_RAW = 100, 10
# For a call that only looks up refusals.
MOST_VALUES = 5000
# For quota, all requests of a call together. A client that can wait longer calls again.
LONGEST_WAIT_S = 10.0
# For the whole call. Requests still in flight then continue, and their answers get into the cache.
LONGEST_S = 90.0
SIDE_BY_SIDE = 8
# Events written to an index in one call; and for one user, by one process, in the given seconds.
MOST_EVENTS = 100
EVENTS_OF_A_USER, EVENTS_OF_A_USER_S = 5_000, 600.0
# For an alert's data about itself and an indicator: characters of a text, texts of a list.
LONGEST_TEXT, MOST_LINKS = 300, 10
# Shorter than `TRUNCATE` in `props.conf`.
LONGEST_EVENT = 16_000

LOOK_UP, VERDICTS = "vtlookup/lookup", "vtlookup/verdicts"
MAY_LOOK_UP, MAY_WRITE, MAY_ADMINISTER = "run_vtlookup", "run_vtlookup_write", "vtlookup_admin"
