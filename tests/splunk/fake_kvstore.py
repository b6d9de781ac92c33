"""The KV store's REST API, with its limits: collections of documents that several splunkds share.

A key exists once: inserting it again is a 409. A read may be stale by `lag_s`.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote

Document = dict[str, Any]
Answer = tuple[int, Any]
PATH = "storage/collections/data/"

MAX_QUERY_ROWS = 50_000
MAX_SAVED = 50_000
MAX_SAVE_BYTES = MAX_ANSWER_BYTES = 50 * 1024 * 1024
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_QUERIES = MAX_KEYS = 1000
# The longest URL of splunkd is not documented; this is a common limit of servers and proxies.
MAX_ADDRESS_BYTES = 16 * 1024

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda have, want: have > want,
    "$gte": lambda have, want: have >= want,
    "$lt": lambda have, want: have < want,
    "$lte": lambda have, want: have <= want,
    "$ne": lambda have, want: have != want,
}


@dataclass
class FakeKvStore:
    """The store of a cluster. `asked`: method and path of each request; `over`: requests over a limit."""

    collections: tuple[str, ...] = ("vt_answers", "vt_leases", "vt_ledgers", "vt_pending")
    latency_s: float = 0.0
    busy: bool = False
    asked: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.documents: dict[str, dict[str, Document]] = {name: {} for name in self.collections}
        self.log: list[tuple[float, str, str, Document | None]] = []
        self.lock = threading.RLock()

    def put(self, collection: str, document: Document) -> str:
        with self.lock:
            key = str(document.setdefault("_key", f"{len(self.log):024x}"))
            kept = {**document, "_key": key, "_user": "nobody"}
            self.documents[collection][key] = kept
            self.log.append((time.monotonic(), collection, key, kept))
            return key

    def drop(self, collection: str, keys: list[str]) -> None:
        with self.lock:
            for key in keys:
                del self.documents[collection][key]
                self.log.append((time.monotonic(), collection, key, None))


@dataclass
class Member:
    """One search head's way to the store. `forbidden`: collections that its users may not write; `hidden`: nor read."""

    store: FakeKvStore
    lag_s: float = 0.0
    forbidden: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._seen = 0
        self._replica: dict[str, dict[str, Document]] = defaultdict(dict)

    def answer(self, method: str, path: str, query: str, body: bytes, *, may_all: bool = False) -> Answer:
        """Status and JSON for a request below `PATH`. `may_all`: it is splunkd's own session."""
        time.sleep(self.store.latency_s)
        collection, _, rest = (unquote(part) for part in path[len(PATH) :].partition("/"))
        self.store.asked.append(f"{method} {path[len(PATH) :]}")
        if self.store.busy:
            return 503, _said("KV Store is initializing. Please try again later.")
        if collection not in self.store.documents:
            return 404, _said("Could not find object.")
        if len(query) > MAX_ADDRESS_BYTES:
            return self._refuse(414, "the address")
        is_write = method == "DELETE" or (method == "POST" and rest != "batch_find")
        if not may_all and (collection in self.hidden or (is_write and collection in self.forbidden)):
            return 403, _said("You do not have permission to perform this operation.")
        given = dict(parse_qsl(query))
        try:
            return self._do(method, collection, rest, given, json.loads(body) if body else None)
        except (ValueError, TypeError, KeyError) as error:
            return 400, _said(f"JSON in the request is invalid. ({error})")

    def _do(self, method: str, collection: str, rest: str, given: Mapping[str, str], document: Any) -> Answer:
        if method == "GET":
            return (404, _said("Could not find object.")) if rest else self._query(collection, _asked(given))
        if method == "DELETE":
            return self._delete(collection, given)
        if rest == "batch_find":
            return self._batch_find(collection, document)
        if rest == "batch_save":
            return self._batch_save(collection, document)
        return (404, _said("Could not find object.")) if rest else self._insert(collection, document)

    def _insert(self, collection: str, document: Document) -> Answer:
        if _size(document) > MAX_DOCUMENT_BYTES:
            return self._refuse(400, "a document")
        with self.store.lock:
            if document.get("_key") in self.store.documents[collection]:
                return 409, _said("A document with the same key and user already exists.")
            return 201, {"_key": self.store.put(collection, document)}

    def _batch_save(self, collection: str, documents: list[Document]) -> Answer:
        if _size(documents) > MAX_SAVE_BYTES or len(documents) > MAX_SAVED:
            return self._refuse(400, "a save")
        if any(_size(document) > MAX_DOCUMENT_BYTES for document in documents):
            return self._refuse(400, "a document")
        return 200, [self.store.put(collection, document) for document in documents]

    def _delete(self, collection: str, given: Mapping[str, str]) -> Answer:
        query = json.loads(given.get("query", "{}"))
        with self.store.lock:
            here = self.store.documents[collection].values()
            self.store.drop(collection, [document["_key"] for document in here if matches(document, query)])
        return 200, ""

    def _batch_find(self, collection: str, queries: list[Mapping[str, Any]]) -> Answer:
        if len(queries) > MAX_QUERIES:
            return self._refuse(400, "a batch of queries")
        found = [self._query(collection, query) for query in queries]
        failed = [answer for answer in found if answer[0] != 200]
        return failed[0] if failed else (200, [documents for _, documents in found])

    def _query(self, collection: str, asked: Mapping[str, Any]) -> Answer:
        query = asked.get("query", {})
        if len(query.get("$or", ())) > MAX_KEYS:
            return self._refuse(400, "a query")
        here = self._seen_by_now(collection)
        keys = _keys_wanted(query)
        if keys is not None:
            # As the store's index does it.
            here = [document for document in here if document["_key"] in keys]
        found = [document for document in here if matches(document, query)]
        for name, direction in reversed([part.split(":") for part in asked.get("sort", "_key:1").split(",")]):
            found.sort(key=lambda document: document.get(name) or 0, reverse=direction == "-1")
        skip, limit = int(asked.get("skip", 0)), int(asked.get("limit", 0)) or MAX_QUERY_ROWS
        fields = [name for name in asked.get("fields", "").split(",") if name]
        rows = [
            {name: document[name] for name in fields if name in document} if fields else document
            for document in found[skip : skip + min(limit, MAX_QUERY_ROWS)]
        ]
        return self._refuse(400, "an answer") if _size(rows) > MAX_ANSWER_BYTES else (200, rows)

    def _seen_by_now(self, collection: str) -> list[Document]:
        with self.store.lock:
            if not self.lag_s:
                return list(self.store.documents[collection].values())
            until = time.monotonic() - self.lag_s
            while self._seen < len(self.store.log) and self.store.log[self._seen][0] <= until:
                _, name, key, document = self.store.log[self._seen]
                self._seen += 1
                if document is None:
                    self._replica[name].pop(key, None)
                else:
                    self._replica[name][key] = document
            return list(self._replica[collection].values())

    def _refuse(self, status: int, what: str) -> Answer:
        self.store.over.append(what)
        return status, _said(f"{what} is over the limit")


def _keys_wanted(query: Mapping[str, Any]) -> set[str] | None:
    """The keys that a query for documents by their keys names; None for another query."""
    wanted = query.get("$or", ())
    return {each["_key"] for each in wanted} if wanted and all(each.keys() == {"_key"} for each in wanted) else None


def matches(document: Document, query: Mapping[str, Any]) -> bool:
    return all(_holds(document, name, wanted) for name, wanted in query.items())


def _holds(document: Document, name: str, wanted: Any) -> bool:
    if name == "$or":
        return any(matches(document, query) for query in wanted)
    if name == "$and":
        return all(matches(document, query) for query in wanted)
    if not isinstance(wanted, dict):
        return bool(document.get(name) == wanted)
    # Other types than the wanted one are beyond compare.
    have = document.get(name)
    return have is not None and all(_OPERATORS[operator](have, value) for operator, value in wanted.items())


def _asked(given: Mapping[str, str]) -> dict[str, Any]:
    return {**given, **({"query": json.loads(given["query"])} if "query" in given else {})}


def _size(document: Any) -> int:
    return len(json.dumps(document))


def _said(text: str) -> dict[str, Any]:
    return {"messages": [{"type": "ERROR", "text": text}]}
