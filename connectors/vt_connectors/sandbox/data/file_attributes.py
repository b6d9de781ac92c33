"""The attributes of a file's report."""

from __future__ import annotations

from typing import Any, NamedTuple

from .catalogue import FileFacts
from .deterministic import digest, draw, pick
from .engines import family_of
from .kinds import Item, Verdict


class _FileType(NamedTuple):
    tag: str
    extension: str
    description: str
    magic: str


_TYPES = (
    _FileType("peexe", "exe", "Win32 EXE", "PE32 executable (GUI) Intel 80386, for MS Windows"),
    _FileType("pedll", "dll", "Win32 DLL", "PE32 executable (DLL) (GUI) Intel 80386, for MS Windows"),
    _FileType("pdf", "pdf", "PDF", "PDF document, version 1.7"),
    _FileType("docx", "docx", "Office Open XML Document", "Microsoft Word 2007+"),
    _FileType("zip", "zip", "ZIP", "Zip archive data, at least v2.0 to extract"),
    _FileType("text", "txt", "Text", "ASCII text"),
    _FileType("elf", "so", "ELF", "ELF 64-bit LSB shared object, x86-64, version 1 (SYSV)"),
)
_NAMES = ("setup", "update", "report", "invoice", "viewer", "holiday photos", "budget", "résumé")


def file_attributes(item: Item, verdict: Verdict, facts: FileFacts) -> dict[str, Any]:
    """All attributes except those of scans and submissions. Sizes in bytes."""
    seed = item.value
    kind = _type_of(seed, facts)
    names = _names(seed, kind, facts)
    attributes: dict[str, Any] = {
        "md5": facts.md5,
        "sha1": facts.sha1,
        "sha256": facts.sha256,
        "size": 512 + draw(seed, "size", 4_000_000) if facts.size is None else facts.size,
        "type_description": kind.description,
        "type_tag": kind.tag,
        "type_tags": [kind.tag],
        "type_extension": kind.extension,
        "magic": kind.magic,
        "ssdeep": f"768:{digest(seed, 'ssdeep')[:24]}:{digest(seed, 'ssdeep')[24:44]}",
        "vhash": digest(seed, "vhash")[:24],
        "tlsh": f"T1{digest(seed, 'tlsh').upper()}{digest(seed, 'tlsh tail')[:6].upper()}",
        "names": names,
        "tags": [kind.tag, *(["overlay"] if draw(seed, "overlay", 2) else [])],
        "unique_sources": 1 + draw(seed, "sources", 40),
    }
    if names and draw(seed, "meaningful", 8):  # one report in eight lacks it
        attributes["meaningful_name"] = names[0]
    if verdict is Verdict.MALICIOUS:
        attributes["popular_threat_classification"] = _classification(item)
    return attributes


def _type_of(seed: str, facts: FileFacts) -> _FileType:
    extension = (facts.name or "").rpartition(".")[2].lower()
    named = [kind for kind in _TYPES if kind.extension == extension]
    return named[0] if named else pick(seed, "type", _TYPES)


def _names(seed: str, kind: _FileType, facts: FileFacts) -> list[str]:
    if facts.name:
        return [facts.name]
    words = [pick(seed, f"name {number}", _NAMES) for number in range(draw(seed, "names", 4))]
    return [f"{word}.{kind.extension}" for word in dict.fromkeys(words)]


def _classification(item: Item) -> dict[str, Any]:
    family = family_of(item).lower()
    category = pick(item.value, "category", ("trojan", "ransomware", "dropper", "worm"))
    return {
        "suggested_threat_label": f"{category}.{family}",
        "popular_threat_category": [{"value": category, "count": 9 + draw(item.value, "categories", 9)}],
        "popular_threat_name": [{"value": family, "count": 12 + draw(item.value, "labels", 9)}],
    }
