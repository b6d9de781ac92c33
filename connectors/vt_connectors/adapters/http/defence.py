"""What every call must be, whatever it asks for: sent to this server, not by a web page, and in a plain form.

The Host header must name this server: a web page whose name was pointed to 127.0.0.1 (DNS rebinding) sends another one.
Browsers send `Origin` or `Sec-Fetch-Site` with what a page sends elsewhere; no such call is meant for this server.
Forwarding headers show that a proxy makes a server for this machine reachable for others.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from .messages import Call, Refused

_LONGEST_TARGET = 8192
_MOST_HEADERS = 64
METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT")
_FORWARDING = ("forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip")
_FORWARDING_BEGINS = ("x-forwarded-", "cf-connecting-ip")
_OWN_PAGE = ("same-origin", "none")
# A path, not `http://host/path` or `*`; visible ASCII, without the fragment that only clients use.
_TARGET = re.compile(r"/[!-~]*")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:@/]+?)\.?(?P<port>:[0-9]+)?")


# Of `--allow-host`: a name or an address, with or without a port.
_ALLOWED = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)\.?(?::(?P<port>[0-9]{1,5}))?")


def allowed_host(text: str) -> str | None:
    """A further value of the Host header, as `Defence` compares it; None if no Host header can have it."""
    found = _ALLOWED.fullmatch(text.lower())
    return _normal(text) if found is not None and int(found["port"] or 0) <= 65535 else None


class Defence(NamedTuple):
    """`hosts`: the accepted values of the Host header, in lower case: `name:port`, or `name` without a port.
    `is_behind_proxy`: forwarding headers are accepted, and have no effect.
    """

    hosts: Collection[str]
    is_behind_proxy: bool = False

    def check(self, call: Call) -> None:
        """Raises `Refused`."""
        if len(call.path) + len(call.query) > _LONGEST_TARGET:
            raise Refused(414, "target_too_long", f"the address is longer than {_LONGEST_TARGET} characters")
        if len(call.headers) > _MOST_HEADERS:
            raise Refused(431, "too_many_headers", f"there are more than {_MOST_HEADERS} headers")
        if "host" not in call.headers:
            raise Refused(400, "no_host", "there is no Host header")
        if _normal(call.headers["host"]) not in self.hosts:
            raise Refused(421, "host", "the Host header does not name this server; see --allow-host")
        if "origin" in call.headers or call.headers.get("sec-fetch-site", "none").lower() not in _OWN_PAGE:
            raise Refused(403, "cross_site", "calls from web pages are refused")
        if not self.is_behind_proxy and any(map(_shows_a_proxy, call.headers)):
            raise Refused(403, "forwarded", "the call was forwarded by a proxy; see --behind-proxy")
        if call.method not in METHODS:
            raise Refused(405, "method", f"the method is not one of {', '.join(METHODS)}", path=call.path)
        if not _TARGET.fullmatch(call.path) or "#" in call.path + call.query or not (call.query + "-").isascii():
            raise Refused(400, "target", "the address of the call is not a path in ASCII characters")


def _shows_a_proxy(header: str) -> bool:
    return header in _FORWARDING or header.startswith(_FORWARDING_BEGINS)


def _normal(host: str) -> str:
    """In lower case, and without the dot that may end a name; empty for a wrong form."""
    found = _HOST.fullmatch(host.strip().lower())
    return "" if found is None else found["name"] + (found["port"] or "")
