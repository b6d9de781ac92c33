"""Addresses of VirusTotal's pages for people. They are made here and nowhere else."""

from __future__ import annotations

from urllib.parse import quote

from .indicator import Kind

SITE = "https://www.virustotal.com/gui/"
_FOLDERS: dict[Kind, str] = {"hash": "file", "url": "url", "domain": "domain", "ip": "ip-address"}


def object_page(kind: Kind, object_id: str) -> str:
    """The page of an object; `object_id` is VirusTotal's."""
    return f"{SITE}{_FOLDERS[kind]}/{quote(object_id, safe=':', errors='replace')}"


def search_page(text: str) -> str:
    """VirusTotal's search for an indicator that need not be known there. The page wants it encoded twice."""
    return f"{SITE}search/{quote(quote(text, safe='', errors='replace'), safe='')}"
