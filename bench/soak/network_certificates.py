"""Servers that are not who they should be: TLS contexts by what is wrong with them, of a certificate authority made
for this run."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme

from tests.scripted_server import ScriptedServer, hang_up

_HERE = "127.0.0.1"
GOOD = "the right one"


class Certificates:
    """`bundle`: the file with the one authority that is trusted."""

    def __init__(self, folder: Path) -> None:
        self._trusted, self._unknown = trustme.CA(), trustme.CA()
        self.bundle = str(folder / "ca.pem")
        self._trusted.cert_pem.write_to_path(self.bundle)
        self._folder = folder

    def contexts(self) -> dict[str, ssl.SSLContext]:
        now, day = datetime.now(timezone.utc), timedelta(days=1)
        trusted, unknown = self._trusted, self._unknown
        leaves = {
            GOOD: trusted.issue_cert(_HERE),
            "for another host": trusted.issue_cert("www.virustotal.com"),
            "for another address": trusted.issue_cert("127.0.0.2"),
            "for a common name only": trusted.issue_cert(common_name=_HERE),
            "expired": trusted.issue_cert(_HERE, not_before=now - 9 * day, not_after=now - day),
            "not valid yet": trusted.issue_cert(_HERE, not_before=now + day, not_after=now + 9 * day),
            "of an unknown authority": unknown.issue_cert(_HERE),
            "of an authority below an unknown one": unknown.create_child_ca().issue_cert(_HERE),
        }
        contexts = {}
        for name, leaf in leaves.items():
            contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf.configure_cert(contexts[name])
        contexts["signed by itself"] = self._signed_by_itself()
        return contexts

    def _signed_by_itself(self) -> ssl.SSLContext:
        alone = trustme.CA()
        path = self._folder / "alone.pem"
        path.write_bytes(alone.private_key_pem.bytes() + alone.cert_pem.bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@contextmanager
def without_tls() -> Iterator[tuple[str, ScriptedServer]]:
    """Such a server's address as if it had TLS, and the server."""
    with ScriptedServer() as server:
        server.script(hang_up(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        yield server.url.replace("http:", "https:"), server
