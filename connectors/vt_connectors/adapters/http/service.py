"""Puts the parts of the server together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...clock import SystemClock
from ..core_from_environment import remember_keys
from .application import Application, Watcher
from .audit import Audit
from .body_limits import MOST_UPLOAD_BYTES
from .callers import Caller, Tokens
from .contract_api.batch import Batches
from .contract_api.face import OPEN, ContractFace
from .cores import Cores
from .defence import Defence
from .execution import Execution
from .face import Face
from .listening import THREADS
from .messages import Call, Note
from .operations.face import PATHS, OperationsFace
from .operations.metrics import Metrics
from .operations.readiness import Readiness
from .own_keys import ProvenKeys, TokensOrKeys
from .pass_through.v2.call import BASE
from .pass_through.v2.face import V2Face
from .pass_through.v3.face import V3Face
from .pass_through.v3.paths import BEGIN, UPLOADS
from .rights import DEFAULT_SETTINGS, ServerSettings
from .tokens import FileTokens
from .waiting_places import WaitingPlaces

# One in so many threads may be busy with a batch.
_THREADS_FOR_A_BATCH = 8


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
        most_upload_bytes: int = MOST_UPLOAD_BYTES,
    ) -> None:
        self._tokens = tokens
        # Also calls that need no key must not repeat it.
        self._environment = environment
        remember_keys(environment)
        self.cores = Cores(environment, clock)
        self.places = WaitingPlaces(threads)
        proven = ProvenKeys(self.cores, self.places, clock)
        execution = Execution(self.cores, self.places, settings, proven)
        batches = Batches(execution, clock, max(1, threads // _THREADS_FOR_A_BATCH), self._answered_line)
        contract = ContractFace(execution, batches)
        # By the beginning of the path; the first that fits.
        v3 = V3Face(execution, clock, is_behind_proxy=defence.is_behind_proxy, download_bytes=settings.download_bytes)
        v2 = V2Face(execution, clock, is_behind_proxy=defence.is_behind_proxy)
        faces: dict[str, Face] = {"/v1/": contract, BEGIN: v3, UPLOADS: v3, BASE: v2, OPEN: contract, "": contract}
        readiness = Readiness(self.cores, clock, self._is_stopping, self._tokens_problem)
        audits = [watcher for watcher in watchers if isinstance(watcher, Audit)]
        metrics = Metrics(self.cores, lambda: self.places.taken, lambda: sum(audit.lost for audit in audits))
        faces = {**dict.fromkeys(PATHS, OperationsFace(readiness, metrics)), **faces}
        every = (*watchers, metrics, readiness)
        callers = TokensOrKeys(tokens) if settings.accepts_keys else tokens
        self.application = Application(faces, callers, defence, clock, every, most_upload_bytes, contract)

    def _answered_line(self, call: Call, caller: Caller, note: Note) -> None:
        self.application.answered_line(call, caller, note)

    def _is_stopping(self) -> bool:
        return self.application.is_stopping

    def _tokens_problem(self) -> str | None:
        return self._tokens.problem if isinstance(self._tokens, FileTokens) else None

    def reload(self) -> None:
        """Read settings, key and tokens again. Never raises."""
        remember_keys(self._environment)
        self.cores.reload()
        if isinstance(self._tokens, FileTokens):
            self._tokens.reload()

    def close(self) -> None:
        self.cores.close()
