"""Puts the parts of the server together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...clock import SystemClock
from .application import Application, Watcher
from .callers import Tokens
from .contract_api.face import ContractFace
from .cores import Cores
from .defence import Defence
from .execution import Execution
from .face import Face
from .listening import THREADS
from .pass_through.upload_addresses import UPLOADS
from .pass_through.v3_face import V3Face
from .pass_through.v3_paths import BEGIN
from .waiting_places import WaitingPlaces


class Service:
    """The application and what it works with. `close` it after the last call."""

    def __init__(
        self,
        environment: Mapping[str, str],
        tokens: Tokens,
        defence: Defence,
        clock: SystemClock,
        watchers: Sequence[Watcher] = (),
        threads: int = THREADS,
        download_bytes: int = 0,
    ) -> None:
        """`download_bytes`: the largest file that the pass-through passes on; 0: none."""
        self.cores = Cores(environment, clock)
        self.places = WaitingPlaces(threads)
        execution = Execution(self.cores, self.places)
        contract = ContractFace(execution)
        # By the beginning of the path; the first that fits.
        v3 = V3Face(execution, clock, is_behind_proxy=defence.is_behind_proxy, download_bytes=download_bytes)
        faces: dict[str, Face] = {"/v1/": contract, BEGIN: v3, UPLOADS: v3, "": contract}
        self.application = Application(faces, tokens, defence, clock, watchers)

    def close(self) -> None:
        self.cores.close()
