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
from .pass_through.v2_call import BASE
from .pass_through.v2_face import V2Face
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
    ) -> None:
        self.cores = Cores(environment, clock)
        self.places = WaitingPlaces(threads)
        execution = Execution(self.cores, self.places)
        contract = ContractFace(execution)
        # By the beginning of the path; the first that fits.
        faces: dict[str, Face] = {"/v1/": contract, BASE: V2Face(execution, clock), "": contract}
        self.application = Application(faces, tokens, defence, clock, watchers)

    def close(self) -> None:
        self.cores.close()
