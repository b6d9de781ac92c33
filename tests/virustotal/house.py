"""The real core, with real HTTP, against a scripted server."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fake_clock import FakeClock
from tests.scripted_server import Step, json_answer
from vt_connectors.actions.file_sample import ReceivedFile
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.core import Core
from vt_connectors.virustotal.v3 import LARGEST_DIRECT_UPLOAD

SECRET = "5ec2e7" + hashlib.sha256(b"not a key of anybody's").hexdigest()[6:]
HASH = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
OTHER = "7e" * 32
COMMENT = {"action": "add_comment", "params": {"indicator": HASH, "comment": "seen in a mail"}}


def lookup(sha256: str, **options: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": sha256}, "options": options}


def file(sha256: str) -> dict[str, Any]:
    attributes = {"last_analysis_stats": {"malicious": 5, "undetected": 60}, "names": ["eicar.com"]}
    return {"data": {"type": "file", "id": sha256, "attributes": attributes}}


def found(sha256: str) -> Step:
    return json_answer(200, file(sha256))


LOOKUP = {"action": "lookup_hash", "params": {"hash": HASH}}
FILE = file(HASH)
FOUND: Step = found(HASH)
COMMENTED: Step = json_answer(200, {"data": {"type": "comment", "id": f"f-{HASH}-01234567"}})


def core_at(url: str, clock: FakeClock, state: Path | None = None, **variables: str) -> Core:
    """`variables`: settings by their environment names. Without `state`, the state is in memory."""
    given: Mapping[str, Any] = {
        "VT_API_URL": url,
        "VT_STATE": str(state) if state else "memory",
        "VT_QUOTA": "none",
        "VT_TIMEOUT": "5",
        **variables,
    }
    return build(settings_from(given), lambda: ApiKey(SECRET), clock)


def with_a_large_file(core: Core) -> Core:
    """The core for a scan of a file that came with the request, and is too large to be sent to the usual address.

    To be hashed, it is only one byte, because hashing 32 MB takes longer than all else.
    """
    readers = iter([io.BytesIO(b".").read])
    received = ReceivedFile("large.bin", LARGEST_DIRECT_UPLOAD + 1, lambda: next(readers, lambda size: b"." * size))
    return Core(core.context._replace(received=received))
