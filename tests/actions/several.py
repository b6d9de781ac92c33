"""Several processes with shared state, each with its own key, server and fake VirusTotal."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, Callable

from tests.splunk.fake_splunkd import FakeSplunkd
from tests.splunk.kvstore_parts import parts_at
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import Clock, SystemClock
from vt_connectors.composition.core import build
from vt_connectors.composition.state import KVSTORE, NO_PLACES, Places
from vt_connectors.config.settings import Settings, settings_from
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

JSON = {"content-type": "application/json"}
Say = Callable[[HttpRequest], HttpResponse]


def said(document: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, JSON, json.dumps(document).encode())


def refused(status: int, code: str, message: str = "no") -> HttpResponse:
    return said({"error": {"code": code, "message": message}}, status)


def file_object(sha256: str, malicious: int = 5, **attributes: Any) -> dict[str, Any]:
    stats = {"malicious": malicious, "undetected": 60}
    return {"type": "file", "id": sha256, "attributes": {"sha256": sha256, "last_analysis_stats": stats, **attributes}}


class Played:
    """A fake VirusTotal with given responses. With `holds` they wait for `go_on`."""

    def __init__(self, say: Say, *, holds: bool = False) -> None:
        self._say = say
        self.asked: list[HttpRequest] = []
        self.is_asked = threading.Event()
        self.go_on = threading.Event()
        if not holds:
            self.go_on.set()

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        self.is_asked.set()
        assert self.go_on.wait(90)
        return self._say(request)


class Several:
    """`core(...)` simulates another process; with the state `memory`, all are the same process."""

    def __init__(self, state: str, splunkd: FakeSplunkd | None = None) -> None:
        self._state = state
        self._splunkd = splunkd

    def core(
        self,
        virustotal: Played | Callable[[ApiKey], Played],
        key: str | Callable[[], ApiKey] = "k" * 64,
        clock: Clock | None = None,
        **variables: str,
    ) -> Core:
        """`virustotal`: a fake for all keys, or a function that makes one for a key. `key`: or what gives it."""
        make = (lambda _: virustotal) if isinstance(virustotal, Played) else virustotal
        settings = settings_from({"VT_STATE": self._state, "VT_QUOTA": "none", **variables})
        default_key = (lambda: ApiKey(key)) if isinstance(key, str) else key
        return build(settings, default_key, clock or SystemClock(), make, self._places())

    def _places(self) -> Places:
        splunkd = self._splunkd
        if splunkd is None:
            return NO_PLACES

        def parts(settings: Settings, clock: Clock) -> Any:
            return parts_at(splunkd, settings, clock)

        return {KVSTORE: parts}


def several_of(kind: str, folder: Path, fixture: Callable[[str], Any]) -> Several:
    if kind == "kvstore":
        return Several(KVSTORE, fixture("splunkd_with_kvstore"))
    return Several(fixture("redis_process").url if kind == "redis" else str(folder / "state.db"))
