"""Links of VirusTotal's objects, rewritten so that a client that follows them comes back to this server. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..messages import Call

_NAMES = ("self", "next", "related")
_API = "/api/v3/"


def own_base(call: Call, *, is_behind_proxy: bool) -> str:
    """Scheme and host as the client used them. `X-Forwarded-Proto` counts only behind a proxy, which sets it."""
    told = call.headers.get("x-forwarded-proto", "").strip().lower() if is_behind_proxy else ""
    return f"{told if told in ('http', 'https') else 'http'}://{call.headers.get('host', '').strip()}"


def with_own_links(document: Any, base: str) -> Any:
    """A response of API v3 with its links changed: those at the top, of its objects, and of the objects in their
    relationships. Nothing else is changed, because reports contain addresses of VirusTotal as data.
    """
    if not isinstance(document, dict):
        return document
    changed = _with_links(document, base)
    if "data" in changed:
        changed["data"] = _objects(changed["data"], base)
    return changed


def _objects(data: Any, base: str) -> Any:
    if isinstance(data, list):
        return [_object(item, base) for item in data]
    return _object(data, base)


def _object(item: Any, base: str, *, is_outer: bool = True) -> Any:
    """An object. The objects in its relationships have none themselves."""
    if not isinstance(item, dict):
        return item
    changed = _with_links(item, base)
    related = changed.get("relationships")
    if is_outer and isinstance(related, dict):
        changed["relationships"] = {name: _relationship(value, base) for name, value in related.items()}
    return changed


def _relationship(value: Any, base: str) -> Any:
    if isinstance(value, list):
        return [_object(item, base, is_outer=False) for item in value]
    if not isinstance(value, dict):
        return value
    changed = _with_links(value, base)
    data = changed.get("data")
    if isinstance(data, list):
        changed["data"] = [_object(item, base, is_outer=False) for item in data]
    elif isinstance(data, dict):
        changed["data"] = _object(data, base, is_outer=False)
    return changed


def _with_links(item: dict[str, Any], base: str) -> dict[str, Any]:
    links = item.get("links")
    if not isinstance(links, dict):
        return dict(item)
    return {**item, "links": {**links, **dict(_changed(links, base))}}


def _changed(links: dict[str, Any], base: str) -> Iterator[tuple[str, str]]:
    for name in _NAMES:
        link = links.get(name)
        try:
            parts = urlsplit(link) if isinstance(link, str) else None
        except ValueError:
            continue
        if parts is not None and parts.path.startswith(_API):
            yield name, f"{base}{parts.path}{f'?{parts.query}' if parts.query else ''}"
