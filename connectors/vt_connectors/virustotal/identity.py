"""Checks that a response is about the requested object, so that no other object's report is cached. Pure.

VirusTotal's ids (https://docs.virustotal.com/reference/files, /reference/url#url-identifiers, /reference/comments-1): a
file's is its SHA-256, whichever hash was sent; a URL's is the SHA-256 of the URL in VirusTotal's canonical form, which
it does not publish; a comment's begins with the id of its object. The id of a URL's analysis contains the URL's id, and
that of a file's contains, in base64, the file's MD5. Ids in any other form are opaque and are not checked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidIndicator, InvalidResponse, printable
from ..indicators import Indicator, Kind, parse_as, shown_without_credentials
from ..quick_imports import pattern
from .coerce import mapping, text
from .same_url import is_plain, same_url

_SHA256 = pattern(r"[0-9a-f]{64}")
_HASH_NAMES = {32: "md5", 40: "sha1", 64: "sha256"}
_COMMENT = pattern(r"([a-z])-(.+)-[0-9a-f]{8}", re.DOTALL)
_COMMENT_LETTERS: dict[Kind, str] = {"hash": "f", "url": "u", "domain": "d", "ip": "i"}
_URL_ANALYSIS = pattern(r"u-([0-9a-f]{64})-[0-9]+")
_FILE_ANALYSIS = pattern(rb"([0-9a-f]{32}):.*", re.DOTALL)
# `u-<SHA-256>-<time>` of v3, and of v2 `f-` and `u-` before the same; `<MD5>:<time>` of a file, in base64, and of a
# private scan also `<MD5>:<hash or None>:<time>`.
_TIMED = pattern(r"(?:[uf]-)?[0-9a-f]{64}-([0-9]{9,11})")
_TIMED_FILE = pattern(r"[0-9a-f]{32}(?::\w*)?:([0-9]{9,11})")
_PRIVATE = pattern(rb"[0-9a-f]{32}:\w+:[0-9]{9,11}")


def check_object(vt_object: Mapping[str, Any], indicator: Indicator, object_id: str | None = None) -> None:
    """Raise `InvalidResponse` unless the object, in API v3's form, can be the one on `indicator`.

    `object_id`: VirusTotal's own id, if the request used it.
    """
    found, attributes = text(vt_object.get("id")) or "", mapping(vt_object.get("attributes"))
    if indicator.kind == "hash":
        is_it = _is_file(indicator.value, found, attributes)
    elif indicator.kind == "url":
        is_it = found == object_id or _is_url(indicator, found, text(attributes.get("url")))
    else:
        is_it = _is_host(indicator, found)
    if not is_it:
        raise another(indicator.value, text(attributes.get("url")) or found)


def check_submission(analysis_id: str, indicator: Indicator, hashes: Mapping[str, str] | None = None) -> None:
    """Raise `InvalidResponse` if the id of an analysis is for another object than `indicator`.

    `hashes`: the known hashes of the file, by name.
    """
    url_id, md5 = url_of_analysis(analysis_id), _md5_of_analysis(analysis_id)
    if indicator.kind == "url":
        if url_id is not None and is_plain(indicator.value) and url_id != _sha256_of(indicator.value):
            raise another(indicator.value, analysis_id)
        return
    known = dict(hashes or {})
    known.setdefault(_HASH_NAMES.get(len(indicator.value), ""), indicator.value)
    if md5 is not None and known.get("md5", md5) != md5:
        raise another(indicator.value, analysis_id)


def check_analysis(asked: str, found: str | None, file_info: Mapping[str, Any], url_info: Mapping[str, Any]) -> None:
    """Raise `InvalidResponse` unless the analysis can be the one with the id `asked`.

    `found` is the id in the response; `file_info` and `url_info` describe the scanned object.
    """
    has_form = url_of_analysis(asked) or _md5_of_analysis(asked)
    if has_form and found is not None and found.rstrip("=") != asked.rstrip("="):
        raise another(asked, found)
    url_id, md5 = url_of_analysis(asked), _md5_of_analysis(asked)
    told_url, told_md5 = text(url_info.get("id")), text(file_info.get("md5"))
    if url_id is not None and (file_info or (told_url or url_id) != url_id):
        raise another(asked, told_url or "a file")
    if md5 is not None and (url_info or (told_md5 or md5).lower() != md5):
        raise another(asked, told_md5 or "a URL")


def check_comment(comment_id: str | None, indicator: Indicator, object_id: str | None = None) -> None:
    """Raise `InvalidResponse` if the id of a comment is for another object than `indicator`."""
    match = _COMMENT.fullmatch(comment_id or "")
    if match is None:
        return
    letter, about = match.groups()
    is_it = letter == _COMMENT_LETTERS[indicator.kind]
    if is_it and indicator.kind in ("domain", "ip"):
        is_it = _is_host(indicator, about)
    elif is_it:
        known = object_id or _known_id(indicator)
        is_it = known is None or not _SHA256.fullmatch(about) or about == known
    if not is_it:
        raise another(indicator.value, about)


def check_resolution(host: str | None, address: str | None, indicator: Indicator) -> None:
    """Raise `InvalidResponse` unless a row is about the address, the domain, or a name below it."""
    if indicator.kind == "ip":
        if address is not None and not _is_host(indicator, address):
            raise another(indicator.value, address)
    elif host is not None and not _is_host(indicator, host) and not _is_below(indicator.value, host):
        raise another(indicator.value, host)


def check_hashes(told: Mapping[str, Any], known: Mapping[str, str], asked: str) -> None:
    """Raise `InvalidResponse` if a hash in v2's report on a file differs from the known one."""
    for name, value in known.items():
        found = text(told.get(name))
        if found is not None and found.lower() != value:
            raise another(asked, found)


def check_resource(resource: str | None, indicator: Indicator) -> None:
    """Raise `InvalidResponse` if `resource` in v2's response is another hash or URL than `indicator`."""
    told = (resource or "").strip()
    if indicator.kind == "hash":
        is_it = len(told) != len(indicator.value) or told.lower() == indicator.value
    else:
        is_it = indicator.kind != "url" or "://" not in told or same_url(indicator.value, told)
    if not is_it:
        raise another(indicator.value, shown_without_credentials(told))


def check_scan_id(scan_id: str, object_id: str | None) -> None:
    """Raise `InvalidResponse` if v2's report is about another object than the requested scan id."""
    asked = scan_id.split("-")[0]
    if object_id is not None and _SHA256.fullmatch(asked) and object_id.lower() != asked:
        raise another(scan_id, object_id)


def named_hash(value: str) -> dict[str, str]:
    """A hash by the name of its algorithm in v2 and v3; empty if `value` is not a hash."""
    name = _HASH_NAMES.get(len(value))
    return {name: value} if name else {}


def url_of_analysis(analysis_id: str) -> str | None:
    """The URL's id in the id of its analysis, if it is an analysis of a URL."""
    match = _URL_ANALYSIS.fullmatch(analysis_id)
    return match[1] if match else None


def is_of_file(analysis_id: str) -> bool:
    """Whether the id is one of a file's analysis: base64 with its MD5, or, in 2019, a bare number."""
    return _md5_of_analysis(analysis_id) is not None or analysis_id.isdigit()


def time_of_analysis(analysis_id: str) -> int | None:
    """The time of the scan's request (epoch seconds), if the id has it; the ids of API v3 and v2 have it."""
    match = _TIMED.fullmatch(analysis_id)
    if match is None:
        plain = _plain(analysis_id)
        match = _TIMED_FILE.fullmatch(plain.decode("ascii", "replace")) if plain is not None else None
    return int(match[1]) if match else None


def is_of_private_scan(analysis_id: str) -> bool:
    """Whether the id has the form of recorded ids of private scans, which public ones do not have."""
    plain = _plain(analysis_id)
    return plain is not None and _PRIVATE.fullmatch(plain) is not None


def another(asked: str, found: str) -> InvalidResponse:
    """The error for a response about `found` to a request for `asked`."""
    shown = printable(found[:80])
    return InvalidResponse(
        f"VirusTotal's response is not about {asked[:80]!r} but about {shown!r}; if this happens again, look for a "
        "proxy in between",
        http_status=200,
    )


def _is_file(asked: str, found: str, attributes: Mapping[str, Any]) -> bool:
    told = {name: (text(attributes.get(name)) or "").lower() for name in _HASH_NAMES.values()}
    found = found.lower()
    if _SHA256.fullmatch(found):
        if told["sha256"] not in ("", found):
            return False
        told["sha256"] = found
    name = _HASH_NAMES[len(asked)]
    # Missing values are not checked, but there is always an id.
    return (told[name] or (found if name == "sha256" else asked)) == asked


def _is_url(indicator: Indicator, found: str, told: str | None) -> bool:
    if found in (indicator.vt_id, _sha256_of(indicator.value)):
        return True
    if told is not None:
        return same_url(indicator.value, told)
    # The canonical form of an unusual URL is not known.
    return not is_plain(indicator.value)


def _is_host(indicator: Indicator, found: str) -> bool:
    try:
        return parse_as(indicator.kind, found).value == indicator.value
    except InvalidIndicator:
        return found.lower().rstrip(".") == indicator.value


def _is_below(domain: str, host: str) -> bool:
    return host.lower().rstrip(".").endswith(f".{domain}")


def _known_id(indicator: Indicator) -> str | None:
    """VirusTotal's id of a file or URL, if it can be derived from `indicator`."""
    if indicator.kind == "url":
        return _sha256_of(indicator.value) if is_plain(indicator.value) else None
    return indicator.value if len(indicator.value) == 64 else None


def _sha256_of(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def _md5_of_analysis(analysis_id: str) -> str | None:
    plain = _plain(analysis_id)
    match = _FILE_ANALYSIS.fullmatch(plain) if plain is not None else None
    return match[1].decode() if match else None


def _plain(analysis_id: str) -> bytes | None:
    """The decoded id of a file's analysis, which is base64."""
    try:
        return base64.b64decode(analysis_id + "=" * (-len(analysis_id) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
