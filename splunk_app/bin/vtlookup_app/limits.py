"""What one call of the endpoint may be at most. A process of it serves one call at a time."""

from __future__ import annotations

MOST_BYTES = 1024 * 1024
MOST_REQUESTS = 100
# VirusTotal's whole answers are large: so many of them make one reply.
MOST_WITH_RAW = 10
MOST_NESTED = 32
# Of a call that asks for nothing but refusals.
MOST_VALUES = 5000
# For quota, all of a call's requests together. Who can wait for longer asks again.
LONGEST_WAIT_S = 10.0
# For everything; what is under way then goes on, and its answer gets into the cache.
LONGEST_S = 90.0
SIDE_BY_SIDE = 8
# To an index, in one call; and of one user, by one process, in so many seconds.
MOST_EVENTS = 100
EVENTS_OF_A_USER, EVENTS_OF_A_USER_S = 5_000, 600.0
# Of what an alert says of itself and of an indicator: characters of a text, texts of a list.
LONGEST_TEXT, MOST_LINKS = 300, 10
# What `props.conf` has Splunk cut off is longer.
LONGEST_EVENT = 16_000

LOOK_UP, VERDICTS = "vtlookup/lookup", "vtlookup/verdicts"
MAY_LOOK_UP, MAY_WRITE, MAY_ADMINISTER = "run_vtlookup", "run_vtlookup_write", "vtlookup_admin"
