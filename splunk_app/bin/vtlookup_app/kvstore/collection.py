"""A collection of the KV store. Every call is bounded in time, and every failure is `StateUnavailable`.

Writes go to the cluster's captain, reads to this member. So a read may be stale, and may miss our own last write. Only
`insert` is always current: it is refused if the key exists.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from vt_connectors.state.fallback import StateUnavailable

Document = dict[str, Any]
_ALL: Mapping[str, Any] = {}

# Limits of a query and a save: the defaults of splunkd's limits.conf; less if documents may be large.
KEYS_AT_ONCE = 500
_ROWS_AT_ONCE = 10_000
_SWEPT_AT_ONCE = 1_000
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024 - 4096
# After a failed connection, other threads fail at once for this long, instead of each waiting for its timeout.
_GONE_FOR_S = 30.0
_THERE_ALREADY, _REFUSED = 409, (401, 403)


class NotAllowed(StateUnavailable):
    """The session has no right to do this, so a retry does not help."""


class KvStore:
    """For all threads of a process. `service`: splunklib's, with the owner `nobody`, because each user has own keys."""

    place = "Splunk's KV store"

    def __init__(self, service: Any) -> None:
        self._service = service
        self._gone: tuple[float, str] | None = None

    def ask(self, method: str, path: str, **given: Any) -> Any:
        """The reply's document. Raises `StateUnavailable`, and `HTTPError` if the key already exists."""
        from splunklib.binding import AuthenticationError, HTTPError

        if self._gone is not None and time.monotonic() < self._gone[0]:
            raise StateUnavailable(self._gone[1])
        try:
            reply = getattr(self._service, method)(f"storage/collections/data/{path}", **given)
            text = reply.body.read()
            return json.loads(text) if text else None
        except AuthenticationError as error:
            raise NotAllowed(f"{self.place} cannot be used (splunkd does not accept this search's session)") from error
        except HTTPError as error:
            raise self._refusal(error, path) from error
        except Exception as error:  # the SDK does not document its errors for no response, or one that is not JSON
            raise self._is_gone(f"{type(error).__name__}") from error

    def _refusal(self, error: Any, path: str) -> Exception:
        collection = path.partition("/")[0]
        if error.status == _THERE_ALREADY:
            return error  # type: ignore[no-any-return]  # splunklib has no types
        if error.status in _REFUSED:
            return NotAllowed(f"you may not use the KV store's collection {collection}: your role needs write access")
        if error.status >= 500:
            return self._is_gone(f"HTTP {error.status}")
        return StateUnavailable(f"{self.place} cannot be used ({collection}: HTTP {error.status})")

    def _is_gone(self, why: str) -> StateUnavailable:
        text = f"{self.place} cannot be used ({why})"
        self._gone = time.monotonic() + _GONE_FOR_S, text
        return StateUnavailable(text)


class Collection:
    """The collection `name` of collections.conf."""

    _JSON = (("Content-Type", "application/json"),)

    def __init__(self, store: KvStore, name: str) -> None:
        self._store = store
        self._name = name

    @property
    def place(self) -> str:
        return f"{self._store.place}, {self._name}"

    def insert(self, document: Document) -> bool:
        """False if the key already exists; then nothing was written."""
        from splunklib.binding import HTTPError

        try:
            self._post("", document)
        except HTTPError:
            return False
        return True

    def save(self, documents: Sequence[Document]) -> None:
        """Insert each document, or replace the document with its key."""
        if documents:
            self._post("batch_save", documents)

    def find(self, keys: Sequence[str]) -> Iterator[Document]:
        """The documents with these keys, if they exist."""
        wanted = iter(keys)
        while some := list(islice(wanted, KEYS_AT_ONCE)):
            query = {"query": {"$or": [{"_key": key} for key in some]}, "limit": len(some)}
            yield from self.several([query])[0]

    def several(self, queries: Sequence[Mapping[str, Any]]) -> list[list[Document]]:
        """The results of several queries in one call. Each has `query`, and optionally the parameters of `query()`."""
        found: list[list[Document]] = self._post("batch_find", queries)
        return found

    def query(self, wanted: Mapping[str, Any], **more: Any) -> list[Document]:
        """`more`: splunkd's `sort`, `limit`, `skip` and `fields`."""
        found: list[Document] = self._store.ask("get", f"{self._name}/", query=json.dumps(wanted), **more)
        return found

    def pages(self, fields: str, wanted: Mapping[str, Any] = _ALL) -> Iterator[list[Document]]:
        """These fields of every matching document. If others write meanwhile, one may be missing or come twice."""
        skip = 0
        while page := self.query(wanted, sort="_key:1", fields=fields, limit=_ROWS_AT_ONCE, skip=skip):
            yield page
            skip += len(page)

    def delete(self, wanted: Mapping[str, Any]) -> None:
        self._store.ask("delete", f"{self._name}/", query=json.dumps(wanted))

    def sweep(self, field: str, until: float) -> None:
        """Delete documents with less than `until` in `field`, about a thousand at once because other calls wait."""
        query = {field: {"$lt": until}}
        last = self.query(query, sort=f"{field}:1", fields=field, limit=1, skip=_SWEPT_AT_ONCE)
        self.delete({field: {"$lt": last[0][field]}} if last else query)

    def _post(self, path: str, document: object) -> Any:
        body = json.dumps(document, separators=(",", ":"))
        return self._store.ask("post", f"{self._name}/{path}", headers=list(self._JSON), body=body)
