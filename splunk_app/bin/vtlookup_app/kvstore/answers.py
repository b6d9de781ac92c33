"""Answers in the KV store: packed for our commands, and in plain fields for Splunk's `lookup`."""

from __future__ import annotations

import base64
import hashlib
import logging
import random
from collections.abc import Collection as Many
from collections.abc import Mapping
from typing import Any, Callable

from vt_connectors.cache.entry import MAX_STORED_BYTES, Entry, TooLargeToKeep
from vt_connectors.clock import Clock

from .collection import MAX_DOCUMENT_BYTES, Collection, Document, NotAllowed

_LOG = logging.getLogger("vt_connectors.cache")
# On average, one write in this many also deletes expired entries: processes are too short-lived to count writes.
_SWEEP_EVERY = 64
# The last character in the order of keys.
_LAST_CHARACTER = "\U0010ffff"
_READ_ONLY = "%s; new answers are not cached there"


class KvAnswers:
    """Each answer is stored for `keep_s(entry)` seconds. `plain(key, entry)` are the fields for `lookup`."""

    def __init__(
        self,
        collection: Collection,
        clock: Clock,
        keep_s: Callable[[Entry], float],
        plain: Callable[[str, Entry], Mapping[str, Any]],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._keep_s = keep_s
        self._plain = plain
        self._chance = chance
        self._is_read_only = False

    def get(self, key: str) -> Entry | None:
        return self.get_many([key]).get(key)

    def get_many(self, keys: Many[str]) -> dict[str, Entry]:
        by_id = {_id(key): key for key in keys}
        found = {by_id[document["_key"]]: _entry(document) for document in self._collection.find(list(by_id))}
        return {key: entry for key, entry in found.items() if entry is not None}

    def put(self, key: str, entry: Entry) -> bool:
        if self._is_read_only:
            return False
        try:
            document = self._document(key, entry)
        except TooLargeToKeep:
            self.forget(key)
            return False
        if document["size"] > MAX_DOCUMENT_BYTES:
            # Larger than the KV store's limit.
            return False
        try:
            self._collection.save([document])
            if self._chance() * _SWEEP_EVERY < 1:
                self._collection.sweep("expires", self._clock.now())
        except NotAllowed as error:
            # The session may still read.
            self._is_read_only = True
            _LOG.warning(_READ_ONLY, error)
        return not self._is_read_only

    def _document(self, key: str, entry: Entry) -> Document:
        content = base64.b64encode(entry.to_bytes()).decode("ascii")
        return {
            **self._plain(key, entry),
            "_key": _id(key),
            "key": _writable(key),
            "status": entry.status,
            "is_copy": entry.is_copy,
            "fetched_at": entry.fetched_at,
            "expires": self._clock.now() + self._keep_s(entry),
            "size": len(content),
            "content": content,
        }

    def forget(self, key: str) -> None:
        self._collection.delete({"_key": _id(key)})

    def clear(self) -> int:
        count = int(self.stats()["entries"])
        self._collection.delete({})
        return count

    def keys(self, limit: int, begins: Many[str] = ()) -> list[tuple[str, str, float]]:
        fields = "key,status,fetched_at"
        ranges = [{"key": {"$gte": begin, "$lt": begin + _LAST_CHARACTER}} for begin in begins]
        found = self._collection.query(
            {"is_copy": False, **({"$or": ranges} if ranges else {})},
            sort="fetched_at:-1",
            fields=fields,
            limit=limit,
        )
        return [(str(row["key"]), str(row["status"]), float(row["fetched_at"])) for row in found]

    def stats(self) -> dict[str, Any]:
        rows = [row for page in self._collection.pages("size,is_copy") for row in page]
        entries = sum(row.get("is_copy") is not True for row in rows)
        size = sum(int(row.get("size") or 0) for row in rows)
        return {"entries": entries, "bytes": size, "max_bytes": None, "place": self._collection.place}


def _entry(document: Document) -> Entry | None:
    """The stored entry; None if it cannot be read. An unreadable entry is replaced by a later write, or expires."""
    try:
        content = document["content"]
        # In base64 four characters are three bytes.
        return None if len(content) > MAX_STORED_BYTES * 4 // 3 + 4 else Entry.from_bytes(base64.b64decode(content))
    except (KeyError, TypeError, ValueError):
        return None


def _id(key: str) -> str:
    """A digest of the key, because a key is long and has characters that a URL cannot contain."""
    return hashlib.sha256(_writable(key).encode()).hexdigest()


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
