"""What begins a search answers each chunk once, and goes when the search is over before its time."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from package.splunkd_driver.driver import SearchInfo, SearchProcess

from .searching import EICAR_MD5, Lookup, md5, normal

# As for events: two seconds, on a machine that has nothing else to do. The quota would come after an hour.
SOON_S = 30.0


def begun(command: Lookup, *args: str) -> SearchProcess:
    process = command.process()
    info = SearchInfo(args, command.name, dispatch_dir=str(command.home))
    assert process.exchange(info.as_metadata()) is not None
    return process


@pytest.mark.parametrize("finished", [False, True])
def test_the_first_chunk_has_it_all_and_says_that_it_is_the_last(lookup: Lookup, finished: bool) -> None:
    with begun(lookup.command("vtreport"), f"value={EICAR_MD5}") as process:
        reply = process.exchange({"action": "execute", "finished": finished, "preview": False})
        assert reply is not None
        assert (len(reply.records), reply.finished) == (1, True)
        assert (process.finish(), process.stderr) == (0, "")


def test_more_rows_than_go_into_a_chunk_go_into_the_next(lookup: Lookup) -> None:
    normal(lookup([[{"x": md5(number)} for number in range(5)]], "hash=x"))
    with lookup.command("vtcache").process() as process:
        info = SearchInfo([], "vtcache", dispatch_dir=str(lookup.home), maxresultrows=3)
        assert process.exchange(info.as_metadata()) is not None
        replies = [process.exchange({"action": "execute", "finished": False}) for _ in range(2)]
        assert [(len(reply.records), reply.finished) for reply in replies if reply] == [(3, False), (2, True)]
        assert process.finish() == 0


def test_a_search_that_is_cancelled_while_it_waits_for_quota_goes_soon_and_leaves_its_line(lookup: Lookup) -> None:
    limited = lookup.set(VT_QUOTA="1/hour")
    normal(limited([[{"x": md5(1)}]], "hash=x"))
    with begun(limited.command("vtreport"), f"value={md5(2)}", "wait=4000") as process:
        asked = threading.Thread(target=lambda: process.exchange({"action": "execute", "finished": False}))
        asked.start()
        asked.join(1)
        assert asked.is_alive()
        began = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        asked.join(60)
        process.finish()
        assert time.monotonic() - began < SOON_S
        assert process.stderr == ""
    last = (lookup.home / "var/log/splunk/vtlookup.log").read_text().splitlines()[-1]
    reported = json.loads(last)
    assert (reported["command"], reported["event"], reported["ended"]) == ("vtreport", "search", "early")


def test_a_bug_is_reported_without_its_data(lookup: Lookup, own_app: Path) -> None:
    broken = dataclasses.replace(lookup, app=own_app)
    kept = own_app / "lib/vt_connectors/actions/cache_listing.py"
    code = kept.read_text("utf-8")
    kept.unlink()  # it is the installed app's file too
    kept.write_text(code + "\ndef newest(context, limit):\n    raise ValueError('in hand: {0}')\n")
    result = broken.command("vtcache")([])
    ((level, text),) = result.messages
    assert (level, result.complete, result.records) == ("ERROR", True, [])
    assert text == "vtcache: a bug in this app (ValueError); splunkd's log has the place"
    assert "cache_listing.py" in result.stderr
    assert "in hand: " not in result.stderr.replace("raise ValueError('in hand: {0}')", "")
