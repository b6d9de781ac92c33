"""Two lists of the fields that events get: the core's, for streams, and the app's, which begins before the core."""

from __future__ import annotations

from vt_connectors import event_fields
from vtlookup_app import result_fields


def test_events_of_streams_get_the_fields_of_those_of_searches() -> None:
    assert event_fields.NAMES == result_fields.NAMES
