"""What one call of the endpoint may be at most. A process of it serves one call at a time."""

from __future__ import annotations

MOST_BYTES = 1024 * 1024
MOST_REQUESTS = 100
MOST_NESTED = 32
# For quota, all of a call's requests together. Who can wait for longer asks again.
LONGEST_WAIT_S = 10.0
# For everything; what is under way then goes on, and its answer gets into the cache.
LONGEST_S = 90.0
SIDE_BY_SIDE = 8
# To an index, in one call.
MOST_EVENTS = 100
# What `props.conf` has Splunk cut off is longer.
LONGEST_EVENT = 16_000

LOOK_UP, VERDICTS = "vtlookup/lookup", "vtlookup/verdicts"
MAY_LOOK_UP, MAY_WRITE = "run_vtlookup", "run_vtlookup_write"
