"""The items with a report on this server, and the lookup of their ids."""

from __future__ import annotations

import threading

from ..errors import ApiError, not_found
from .catalogue import FileFacts, catalogue
from .deterministic import digest
from .identifiers import canonical_url, domain_name, file_hash, ip_address, sha256_of, url_of_base64
from .kinds import Item, Kind, Verdict, url_id
from .verdicts import profile_of

_NAMES = {Kind.FILE: "File", Kind.URL: "URL", Kind.DOMAIN: "Domain", Kind.IP: "IP address"}


class Dataset:
    """The known items: those of the catalogue, invented and submitted ones. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._submitted: set[Item] = set()
        self._files: dict[str, FileFacts] = {}  # by each of a file's hashes
        self._urls: dict[str, str] = {}  # canonical URL by id
        for entry in catalogue():
            if entry.facts is not None:
                self._remember_file(entry.facts)
            elif entry.item.kind is Kind.URL:
                self._urls[entry.item.id] = entry.item.value

    def find(self, kind: Kind, ident: str) -> Item:
        """The item with an id. ApiError: 400 for a malformed id, 404 if there is no report."""
        item = self._identify(kind, ident)
        if item is None or not self._is_known(item):
            raise unknown(kind, ident)
        if kind is Kind.FILE:
            self._remember_file(self._facts_of(ident.lower()))
        return item

    def find_url(self, text: str) -> Item:
        """The item of a URL in any spelling. Raises ApiError 400 or 404."""
        item = Item(Kind.URL, self._see(canonical_url(text)))
        if not self._is_known(item):
            raise unknown(Kind.URL, text)
        return item

    def has_report(self, item: Item) -> bool:
        """Whether there is a report on an item."""
        return self._is_known(item)

    def shown(self, item: Item) -> Item:
        """The item, whose id is in a response from now on: so it can be asked for by that id."""
        if item.kind is Kind.URL:
            self._see(item.value)
        elif item.kind is Kind.FILE:
            self._remember_file(self._facts_of(item.value))
        return item

    def facts(self, item: Item) -> FileFacts | None:
        """The hashes, size and name of a file; None for other kinds."""
        return self._facts_of(item.value) if item.kind is Kind.FILE else None

    def submit_url(self, text: str) -> Item:
        """Add a URL. Raises ApiError 400."""
        item = Item(Kind.URL, self._see(canonical_url(text)))
        with self._lock:
            self._submitted.add(item)
        return item

    def submit_file(self, facts: FileFacts) -> Item:
        """Add a file by its hashes, size and name."""
        item = Item(Kind.FILE, facts.sha256)
        self._remember_file(facts)
        with self._lock:
            self._submitted.add(item)
        return item

    def _identify(self, kind: Kind, ident: str) -> Item | None:
        if kind is Kind.FILE:
            hexadecimal = file_hash(ident)
            return Item(kind, self._facts_of(hexadecimal).sha256) if hexadecimal else None
        if kind is Kind.URL:
            url = self._url_of(ident)
            return Item(kind, url) if url else None
        return Item(kind, domain_name(ident) if kind is Kind.DOMAIN else ip_address(ident))

    def _url_of(self, ident: str) -> str | None:
        sha256 = sha256_of(ident)
        if sha256 is None:
            return self._see(url_of_base64(ident))
        with self._lock:
            return self._urls.get(sha256)

    def _see(self, canonical: str) -> str:
        with self._lock:
            self._urls[url_id(canonical)] = canonical
        return canonical

    def _is_known(self, item: Item) -> bool:
        with self._lock:
            submitted = item in self._submitted
        return submitted or profile_of(item).verdict is not Verdict.UNKNOWN

    def _facts_of(self, hexadecimal: str) -> FileFacts:
        with self._lock:
            remembered = self._files.get(hexadecimal)
        return remembered or _invented_facts(hexadecimal)

    def _remember_file(self, facts: FileFacts) -> None:
        with self._lock:
            self._files.update(dict.fromkeys((facts.md5, facts.sha1, facts.sha256), facts))


def unknown(kind: Kind, ident: str) -> ApiError:
    """404 with the id as it was sent."""
    return not_found(f'{_NAMES[kind]} "{ident}" not found')


def _invented_facts(hexadecimal: str) -> FileFacts:
    """Facts with invented values for the other two hashes of an unknown file."""

    def of_length(length: int, name: str) -> str:
        return hexadecimal if len(hexadecimal) == length else digest(hexadecimal, name)[:length]

    return FileFacts(md5=of_length(32, "md5"), sha1=of_length(40, "sha1"), sha256=of_length(64, "sha256"))
