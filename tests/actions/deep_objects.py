"""Objects of the sandbox that have relationships and behaviour."""

from __future__ import annotations

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"  # malicious, detonated
ANNUAL = "e90fbb283b4b568683efbb1419ddc702e628d0dd33ce1408318609c5a5755529"  # clean, never detonated
KEYGEN = "dd4374b5469958b438cacfe816fffd54bff633815f03398759e5b48202702de2"  # suspicious, dropped by the invoice
MALICIOUS = "malicious.example"
PAYLOAD = "http://malicious.example/payload.bin"
IP = "8.8.8.8"
UNKNOWN = "0" * 64
