"""URLs of VirusTotal's web pages. Only this module makes them."""

from __future__ import annotations

from urllib.parse import quote

from .indicator import Kind

SITE = "https://www.virustotal.com/gui/"
_FOLDERS: dict[Kind, str] = {"hash": "file", "url": "url", "domain": "domain", "ip": "ip-address"}


def object_page(kind: Kind, object_id: str) -> str:
    """The page of an object; `object_id` is VirusTotal's."""
    return f"{SITE}{_FOLDERS[kind]}/{quote(object_id, safe=':', errors='replace')}"


def search_page(text: str) -> str:
    """VirusTotal's search page for an indicator, which need not be known. The page requires double encoding."""
    return f"{SITE}search/{quote(quote(text, safe='', errors='replace'), safe='')}"
