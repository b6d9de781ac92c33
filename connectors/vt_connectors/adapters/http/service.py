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
from .own_keys import ProvenKeys, TokensOrKeys
from .rights import DEFAULT_SETTINGS, ServerSettings
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
        settings: ServerSettings = DEFAULT_SETTINGS,
    ) -> None:
        self.cores = Cores(environment, clock)
        self.places = WaitingPlaces(threads)
        keys = ProvenKeys(self.cores, self.places, clock)
        execution = Execution(self.cores, self.places, settings, keys)
        contract = ContractFace(execution)
        # By the beginning of the path; the first that fits.
        faces: dict[str, Face] = {"/v1/": contract, "": contract}
        callers = TokensOrKeys(tokens) if settings.accepts_keys else tokens
        self.application = Application(faces, callers, defence, clock, watchers)

    def close(self) -> None:
        self.cores.close()
