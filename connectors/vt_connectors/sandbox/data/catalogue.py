"""Indicators with fixed reports, for demonstrations and tests. Only EICAR's hashes are real."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .kinds import Item, Kind, Verdict

# EICAR's text is the name of a test file for scanners, not malware. In two parts, so that no scanner finds it here.
_EICAR_TEXT = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STAN", "DARD-ANTIVIRUS-TEST-FILE!$H+H*")
_CLEAN, _SUSPICIOUS, _MALICIOUS = Verdict.UNDETECTED, Verdict.SUSPICIOUS, Verdict.MALICIOUS


@dataclass(frozen=True)
class FileFacts:
    """The hashes of one file (lower-case hex) and, if known, its size in bytes and its name."""

    md5: str
    sha1: str
    sha256: str
    size: int | None = None
    name: str | None = None


@dataclass(frozen=True)
class Known:
    """An indicator of the catalogue.

    `detections` is the number of engines that detect it, None for an invented number; `attributes` replace
    the invented ones; `comments` are texts, oldest first.
    """

    item: Item
    verdict: Verdict
    detections: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    facts: FileFacts | None = None
    comments: tuple[str, ...] = ()


def known(item: Item) -> Known | None:
    """The catalogue's entry for an item."""
    return _CATALOGUE.get(item)


def catalogue() -> tuple[Known, ...]:
    """Every entry."""
    return tuple(_CATALOGUE.values())


def _file(facts: FileFacts, verdict: Verdict, detections: int | None = None, **more: Any) -> Known:
    item = Item(Kind.FILE, facts.sha256)
    return Known(item, verdict, detections, facts=facts, comments=more.pop("comments", ()), attributes=more)


def _made_up_file(name: str, verdict: Verdict, detections: int | None = None, **more: Any) -> Known:
    """A file whose content is its own name, so that every user can create and upload it."""
    content = name.encode("ascii")
    facts = FileFacts(
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        name=name,
    )
    return _file(facts, verdict, detections, **more)


def _other(kind: Kind, value: str, verdict: Verdict, detections: int | None = None, **attributes: Any) -> Known:
    return Known(Item(kind, value), verdict, detections, attributes)


_EICAR = FileFacts(
    md5="44d88612fea8a8f36de82e1278abb02f",
    sha1="3395856ce81f2b7382dee72602f798b642f14140",
    sha256="275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    size=68,
    name="eicar.com",
)
_ZEROS = FileFacts(md5="0" * 32, sha1="0" * 40, sha256="0" * 64)

_FILES: list[Known] = [
    _file(
        _EICAR,
        _MALICIOUS,
        62,
        names=["eicar.com", "eicar.com.txt", "test_file.com"],
        type_description="Text",
        type_tag="text",
        type_tags=["text"],
        type_extension="com",
        magic="ASCII text, with no line terminators",
        meaningful_name="eicar.com",
        tags=["text", "known-test-file"],
        popular_threat_classification={
            "suggested_threat_label": "virus.eicar/test",
            "popular_threat_category": [{"value": "virus", "count": 14}],
            "popular_threat_name": [{"value": "eicar", "count": 31}, {"value": "test", "count": 20}],
        },
        comments=(
            "Harmless on purpose: every engine should call it out. #testfile",
            "Seen in our mail gateway's self-test. #mail",
            "Used by the monthly drill. #drill #testfile",
        ),
    ),
    _made_up_file("invoice_2291.pdf.exe", _MALICIOUS, 47, comments=("Came with a fake invoice. #phishing",)),
    _made_up_file("keygen_setup.exe", _SUSPICIOUS, 2),
    _made_up_file("annual_report.pdf", _CLEAN),
    _file(_ZEROS, Verdict.UNKNOWN),
]

_URLS = [
    _other(Kind.URL, "http://phishing.example/login/verify?session=1", _MALICIOUS, 14, title="Verify account"),
    _other(Kind.URL, "http://malicious.example/payload.bin", _MALICIOUS, 11),
    _other(Kind.URL, "https://suspicious.example/free-gift", _SUSPICIOUS, 2, title="You have won"),
    _other(Kind.URL, "https://www.example.com/", _CLEAN, title="Example"),
    _other(Kind.URL, "http://unknown.example/", Verdict.UNKNOWN),
]

_DOMAINS = [
    _other(Kind.DOMAIN, "malicious.example", _MALICIOUS, 13, tags=["dga"], registrar="Nowhere Names Ltd."),
    _other(Kind.DOMAIN, "phishing.example", _MALICIOUS, 9, registrar="Nowhere Names Ltd."),
    _other(Kind.DOMAIN, "suspicious.example", _SUSPICIOUS, 2),
    _other(
        Kind.DOMAIN,
        "example.com",
        _CLEAN,
        popularity_ranks={
            "Sandbox Ranks": {"rank": 1200, "timestamp": 1_749_900_000},
            "Other Ranks": {"rank": 900, "timestamp": 1_749_900_000},
        },
    ),
    _other(Kind.DOMAIN, "www.example.com", _CLEAN),
    _other(Kind.DOMAIN, "unknown.example", Verdict.UNKNOWN),
]

_IPS = [
    _other(Kind.IP, "203.0.113.66", _MALICIOUS, 12, country="ZZ", asn=64496, network="203.0.113.0/24"),
    # Reserved for a discontinued service, but not for private use, so no real host is called malicious.
    _other(Kind.IP, "192.52.193.66", _MALICIOUS, 12, country="ZZ", asn=64498, network="192.52.193.0/24"),
    _other(Kind.IP, "198.51.100.23", _SUSPICIOUS, 1, country="ZZ", asn=64497, network="198.51.100.0/24"),
    _other(Kind.IP, "1.1.1.1", _CLEAN, network="1.1.1.0/24"),
    _other(Kind.IP, "8.8.8.8", _CLEAN, country="US", network="8.8.8.0/24"),
    _other(Kind.IP, "9.9.9.9", _CLEAN, network="9.9.9.0/24"),
    _other(Kind.IP, "2001:4860:4860::8888", _CLEAN, country="US", network="2001:4860::/32"),
]

_CATALOGUE: dict[Item, Known] = {entry.item: entry for entry in (*_FILES, *_URLS, *_DOMAINS, *_IPS)}


class FileContents:
    """The files whose content the sandbox has: those of the catalogue whose content everybody can make."""

    def __init__(self) -> None:
        names = [entry.facts.name or "" for entry in catalogue() if entry.facts is not None]
        self._by_digest = {
            hashlib.sha256(content).hexdigest(): content
            for content in ("".join(_EICAR_TEXT).encode("ascii"), *(name.encode("ascii") for name in names if name))
        }
        known = {entry.item.value for entry in catalogue() if entry.item.kind is Kind.FILE}
        self._by_digest = {sha256: content for sha256, content in self._by_digest.items() if sha256 in known}

    def has(self, item: Item) -> bool:
        """Whether the file can be downloaded."""
        return item.value in self._by_digest

    def of(self, sha256: str) -> bytes | None:
        """The content of the file with this SHA-256, or None."""
        return self._by_digest.get(sha256)
