"""A collection of the KV store: every call bounded in time, every failure `StateUnavailable`.

Writes go to the cluster's captain, reads to this member: what is read may be of a while ago, and not yet what was
written. Only `insert` says how things are: it is refused where the key is there already.
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

# Of a query and of a save, as splunkd's limits.conf has them by default; less, where answers may be large.
KEYS_AT_ONCE = 500
_ROWS_AT_ONCE = 10_000
_SWEPT_AT_ONCE = 1_000
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024 - 4096
# One who has just found it gone tells the other threads, which would each wait for as long.
_GONE_FOR_S = 30.0
_THERE_ALREADY, _REFUSED = 409, (401, 403)


class NotAllowed(StateUnavailable):
    """The session may not do this, and will not be let a moment later either."""


class KvStore:
    """For all threads of a process. `service`: splunklib's, in the name of nobody: keys are there once a user."""

    place = "Splunk's KV store"

    def __init__(self, service: Any) -> None:
        self._service = service
        self._gone: tuple[float, str] | None = None

    def ask(self, method: str, path: str, **given: Any) -> Any:
        """The reply's document. Raises `StateUnavailable`, and `HTTPError` for a key that is there already."""
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
        except Exception as error:  # what the SDK raises where nobody answers, or not in JSON, it does not say
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
    """`name` as collections.conf has it."""

    _JSON = (("Content-Type", "application/json"),)

    def __init__(self, store: KvStore, name: str) -> None:
        self._store = store
        self._name = name

    @property
    def place(self) -> str:
        return f"{self._store.place}, {self._name}"

    def insert(self, document: Document) -> bool:
        """False if the key is there already: then nothing was done."""
        from splunklib.binding import HTTPError

        try:
            self._post("", document)
        except HTTPError:
            return False
        return True

    def save(self, documents: Sequence[Document]) -> None:
        """Each in place of the one with its key, if there is one."""
        if documents:
            self._post("batch_save", documents)

    def find(self, keys: Sequence[str]) -> Iterator[Document]:
        """Those of `keys` that are there."""
        wanted = iter(keys)
        while some := list(islice(wanted, KEYS_AT_ONCE)):
            query = {"query": {"$or": [{"_key": key} for key in some]}, "limit": len(some)}
            yield from self.several([query])[0]

    def several(self, queries: Sequence[Mapping[str, Any]]) -> list[list[Document]]:
        """What each of the queries finds, in one call. They have `query`, and what `query` takes."""
        found: list[list[Document]] = self._post("batch_find", queries)
        return found

    def query(self, wanted: Mapping[str, Any], **more: Any) -> list[Document]:
        """`more`: `sort`, `limit`, `skip` and `fields`, as splunkd has them."""
        found: list[Document] = self._store.ask("get", f"{self._name}/", query=json.dumps(wanted), **more)
        return found

    def pages(self, fields: str, wanted: Mapping[str, Any] = _ALL) -> Iterator[list[Document]]:
        """These fields of every document that is wanted. One may be missing or come twice if others write meanwhile."""
        skip = 0
        while page := self.query(wanted, sort="_key:1", fields=fields, limit=_ROWS_AT_ONCE, skip=skip):
            yield page
            skip += len(page)

    def delete(self, wanted: Mapping[str, Any]) -> None:
        self._store.ask("delete", f"{self._name}/", query=json.dumps(wanted))

    def sweep(self, field: str, until: float) -> None:
        """Delete what has less than `until` in `field`; about a thousand at once, as others wait meanwhile."""
        query = {field: {"$lt": until}}
        last = self.query(query, sort=f"{field}:1", fields=field, limit=1, skip=_SWEPT_AT_ONCE)
        self.delete({field: {"$lt": last[0][field]}} if last else query)

    def _post(self, path: str, document: object) -> Any:
        body = json.dumps(document, separators=(",", ":"))
        return self._store.ask("post", f"{self._name}/{path}", headers=list(self._JSON), body=body)
