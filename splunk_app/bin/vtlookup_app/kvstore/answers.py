"""Answers in the KV store: packed for the command, and beside it in plain fields for `lookup`."""

from __future__ import annotations

import base64
import hashlib
import logging
import random
from collections.abc import Collection as Many
from collections.abc import Mapping
from typing import Any, Callable

from connectors.cache.entry import Entry
from connectors.clock import Clock

from .collection import MAX_DOCUMENT_BYTES, Collection, Document, NotAllowed

_LOG = logging.getLogger("connectors.cache")
# One write in so many also looks for what is too old: no process lives long enough to count them.
_SWEEP_EVERY = 64
_READ_ONLY = "%s; what is asked is not kept there"


class KvAnswers:
    """Each is kept for `keep_s(entry)` seconds. `plain(key, entry)` are the fields that others read too."""

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

    def put(self, key: str, entry: Entry) -> None:
        if self._is_read_only:
            return
        document = self._document(key, entry)
        if document["size"] > MAX_DOCUMENT_BYTES:
            # The KV store takes none that large.
            return
        try:
            self._collection.save([document])
            if self._chance() * _SWEEP_EVERY < 1:
                self._collection.sweep("expires", self._clock.now())
        except NotAllowed as error:
            # To read what is there it may all the same.
            self._is_read_only = True
            _LOG.warning(_READ_ONLY, error)

    def _document(self, key: str, entry: Entry) -> Document:
        content = base64.b64encode(entry.to_bytes()).decode("ascii")
        return {
            **self._plain(key, entry),
            "_key": _id(key),
            "key": _writable(key),
            "status": entry.status,
            "fetched_at": entry.fetched_at,
            "expires": self._clock.now() + self._keep_s(entry),
            "size": len(content),
            "content": content,
        }

    def forget(self, key: str) -> None:
        self._collection.delete({"_key": _id(key)})

    def clear(self) -> int:
        count = sum(map(len, self._collection.pages("_key")))
        self._collection.delete({})
        return count

    def keys(self, limit: int) -> list[tuple[str, str, float]]:
        fields = "key,status,fetched_at"
        found = self._collection.query({}, sort="fetched_at:-1", fields=fields, limit=limit)
        return [(str(row["key"]), str(row["status"]), float(row["fetched_at"])) for row in found]

    def stats(self) -> dict[str, Any]:
        sizes = [int(row.get("size") or 0) for page in self._collection.pages("size") for row in page]
        return {"entries": len(sizes), "bytes": sum(sizes), "max_bytes": None, "place": self._collection.place}


def _entry(document: Document) -> Entry | None:
    """What is kept; what cannot be read is none, until it is written anew or is too old."""
    try:
        return Entry.from_bytes(base64.b64decode(document["content"]))
    except (KeyError, TypeError, ValueError):
        return None


def _id(key: str) -> str:
    """A key is long, and has characters that an address has no place for."""
    return hashlib.sha256(_writable(key).encode()).hexdigest()


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
