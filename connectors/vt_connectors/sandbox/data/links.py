"""Which items are related to an item: pairs of the catalogue, and invented items that have a report."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from .deterministic import digest, draw
from .kinds import Item, Kind, Verdict
from .relationships import Relationship
from .verdicts import profile_of
from .web_attributes import invented_address

_MOST_ROWS = 60
_TRIES = 40


def _file(name: str) -> Item:
    return Item(Kind.FILE, hashlib.sha256(name.encode("ascii")).hexdigest())


EICAR = Item(Kind.FILE, "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f")
INVOICE = _file("invoice_2291.pdf.exe")
KEYGEN = _file("keygen_setup.exe")
ANNUAL_REPORT = _file("annual_report.pdf")
PAYLOAD = Item(Kind.URL, "http://malicious.example/payload.bin")
LOGIN = Item(Kind.URL, "http://phishing.example/login/verify?session=1")
GIFT = Item(Kind.URL, "https://suspicious.example/free-gift")
MALICIOUS = Item(Kind.DOMAIN, "malicious.example")
PHISHING = Item(Kind.DOMAIN, "phishing.example")
SUSPICIOUS = Item(Kind.DOMAIN, "suspicious.example")
EXAMPLE = Item(Kind.DOMAIN, "example.com")
ADDRESS = Item(Kind.IP, "203.0.113.66")
OTHER_ADDRESS = Item(Kind.IP, "192.52.193.66")

# The relationship of the second item to the first, and of the first to the second ("" for none).
_PAIRS: tuple[tuple[Item, str, Item, str], ...] = (
    (INVOICE, "contacted_domains", MALICIOUS, "communicating_files"),
    (INVOICE, "contacted_ips", ADDRESS, "communicating_files"),
    (INVOICE, "contacted_urls", PAYLOAD, "communicating_files"),
    (INVOICE, "dropped_files", KEYGEN, "execution_parents"),
    (INVOICE, "itw_urls", PAYLOAD, "downloaded_files"),
    (INVOICE, "itw_domains", MALICIOUS, "downloaded_files"),
    (INVOICE, "itw_ips", ADDRESS, "downloaded_files"),
    (INVOICE, "embedded_domains", PHISHING, "referrer_files"),
    (INVOICE, "embedded_urls", LOGIN, "referrer_files"),
    (KEYGEN, "contacted_domains", SUSPICIOUS, "communicating_files"),
    (MALICIOUS, "urls", PAYLOAD, "network_location"),
    (PHISHING, "urls", LOGIN, "network_location"),
    (SUSPICIOUS, "urls", GIFT, "network_location"),
    (ADDRESS, "urls", PAYLOAD, "last_serving_ip_address"),
    (EXAMPLE, "subdomains", Item(Kind.DOMAIN, "www.example.com"), "parent"),
    (EXAMPLE, "urls", Item(Kind.URL, "https://www.example.com/"), ""),
)
# Rows besides those of the pairs. Everything else is drawn.
_COUNTS: dict[tuple[Item, str], int] = {
    (EICAR, "contacted_domains"): 0,
    (EICAR, "contacted_ips"): 0,
    (EICAR, "contacted_urls"): 3,
    (EICAR, "dropped_files"): 0,
    (EICAR, "execution_parents"): 90,
    (EICAR, "bundled_files"): 0,
    (INVOICE, "contacted_domains"): 6,
    (INVOICE, "contacted_ips"): 24,
    (INVOICE, "contacted_urls"): 11,
    (INVOICE, "dropped_files"): 12,
    (MALICIOUS, "communicating_files"): 54,
    (MALICIOUS, "subdomains"): 25,
    (MALICIOUS, "siblings"): 0,
    (MALICIOUS, "urls"): 47,
    (ADDRESS, "communicating_files"): 44,
    (EXAMPLE, "communicating_files"): 0,
    (ANNUAL_REPORT, "contacted_domains"): 0,
    (ANNUAL_REPORT, "contacted_ips"): 0,
    (ANNUAL_REPORT, "contacted_urls"): 0,
    (ANNUAL_REPORT, "dropped_files"): 0,
}


def linked_items(item: Item, relationship: Relationship) -> list[Item]:
    """The items that are related to `item`, without repetition. Files may be ones without a report."""
    fixed = pairs_of(item, relationship.name)
    if relationship.is_single:
        return fixed[:1] or _single(item, relationship.name)
    count = _COUNTS.get((item, relationship.name), _drawn_count(item, relationship.name))
    drawn = [_drawn(item, relationship, number) for number in range(count)]
    found = list(dict.fromkeys([*fixed, *(one for one in drawn if one is not None and one != item)]))
    return sorted(found, key=lambda one: one.value) if relationship.name == "siblings" else found


def pairs_of(item: Item, name: str) -> list[Item]:
    """The items of the catalogue that have the relationship `name` with `item`."""
    forth = [second for first, there, second, _ in _PAIRS if (first, there) == (item, name)]
    return forth + [first for first, _, second, back in _PAIRS if (second, back) == (item, name)]


def neighbours(item: Item) -> list[Item]:
    """All items of the catalogue that are related to `item`."""
    forth = [second for first, _, second, _ in _PAIRS if first == item]
    return list(dict.fromkeys(forth + [first for first, _, second, _ in _PAIRS if second == item]))


def invented(kind: Kind, seed: str, purpose: str) -> Item:
    """An invented item that has a report."""
    for attempt in range(_TRIES):
        item = Item(kind, _value(kind, digest(seed, f"{purpose} {attempt}")))
        if profile_of(item).verdict is not Verdict.UNKNOWN:
            break
    return item


def _drawn_count(item: Item, name: str) -> int:
    if not draw(item.value, f"{name}?", 4):  # one list in four is empty
        return 0
    return 1 + draw(item.value, name, 3 if name.endswith("_records") else _MOST_ROWS)


def _drawn(item: Item, relationship: Relationship, number: int) -> Item | None:
    purpose = f"{relationship.name} {number}"
    if relationship.name in ("subdomains", "siblings"):
        parent = item.value if relationship.name == "subdomains" else item.value.partition(".")[2]
        return _below(parent, digest(item.value, purpose)) if "." in parent else None
    kind = Kind(relationship.rows)
    if kind is Kind.FILE:
        return Item(kind, digest(item.value, purpose))
    if relationship.name == "urls":
        return _url_on(item.value, digest(item.value, purpose))
    return invented(kind, item.value, purpose)


def _below(parent: str, seed: str) -> Item:
    for attempt in range(_TRIES):
        item = Item(Kind.DOMAIN, f"{_label(digest(seed, str(attempt)))}.{parent}")
        if profile_of(item).verdict is not Verdict.UNKNOWN:
            break
    return item


def _url_on(host: str, seed: str) -> Item:
    place = f"[{host}]" if ":" in host else host
    for attempt in range(_TRIES):
        item = Item(Kind.URL, f"http://{place}/{digest(seed, str(attempt))[:12]}")
        if profile_of(item).verdict is not Verdict.UNKNOWN:
            break
    return item


def _single(item: Item, name: str) -> list[Item]:
    if item.kind is Kind.URL:
        host = _host(item.value)
        is_address = host.replace(".", "").isdigit() or ":" in host
        if name == "last_serving_ip_address":
            return [Item(Kind.IP, host if is_address else invented_address(host, "A record"))]
        return [Item(Kind.IP if is_address else Kind.DOMAIN, host)] if host else []
    parent = item.value.partition(".")[2]
    if "." not in parent:
        return []
    return [Item(Kind.DOMAIN, parent if name == "immediate_parent" else ".".join(item.value.split(".")[-2:]))]


def _value(kind: Kind, seed: str) -> str:
    if kind is Kind.FILE:
        return seed
    if kind is Kind.IP:
        return invented_address(seed, "address")
    host = f"{_label(seed)}.example"
    return host if kind is Kind.DOMAIN else f"http://{host}/{seed[12:20]}"


def _label(seed: str) -> str:
    return f"{('cdn', 'mail', 'files', 'login', 'update', 'api')[int(seed[:2], 16) % 6]}-{seed[2:10]}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
