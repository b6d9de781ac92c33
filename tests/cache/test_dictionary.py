"""Entries are packed with a dictionary; those that were packed without it can still be read."""

from __future__ import annotations

import json
import zlib

from vt_connectors.cache import Entry
from vt_connectors.cache.entry import DICTIONARY

_REPORT = {
    "type": "hash",
    "indicator": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "stats": {"malicious": 0, "suspicious": 0, "harmless": 0, "undetected": 60, "total": 60},
    "opinions": {"undetected": DICTIONARY.decode().split("alphaMountain.ai")[0][-700:]},
}
ENTRY = Entry("ok", _REPORT, 12.5)


def test_an_entry_of_an_earlier_version_is_read() -> None:
    text = json.dumps(["ok", _REPORT, 12.5]).encode()
    assert Entry.from_bytes(zlib.compress(text)) == ENTRY


def test_known_engines_take_little_room() -> None:
    names = len(json.dumps(_REPORT["opinions"]))
    without = Entry("ok", {**_REPORT, "opinions": {}, "link": "x" * 300}, 12.5)
    with_names = Entry("ok", {**_REPORT, "link": "x" * 300}, 12.5)
    assert Entry.from_bytes(with_names.to_bytes()) == with_names
    assert len(with_names.to_bytes()) - len(without.to_bytes()) < names / 10


def test_the_dictionary_did_not_change() -> None:
    """A change makes all entries unreadable: do it only on purpose."""
    assert zlib.adler32(DICTIONARY) == 699942827
