"""`| vtcache`: cached answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..options import UsageError, boolean, count
from ..sdk_import import Configuration
from ..setting_names import in_splunk
from .base import Generating, Refused, Row

if TYPE_CHECKING:
    from .core_access import Asking

_DEFAULT_LIMIT, _MOST = 100, 50_000
CAPABILITY = "vtlookup_admin"


@Configuration(type="reporting")
class VtCache(Generating):
    """Lists the newest answers, counts them with `stats=true`, or deletes them with `clear=true`."""

    OPTIONS = ("limit", "stats", "clear")

    _limit: int
    _action: str

    def read_options(self, given: Mapping[str, str]) -> None:
        actions = [name for name in ("stats", "clear") if boolean(name, given.get(name))]
        if len(actions) + ("limit" in given) > 1:
            raise UsageError("use only one of limit=, stats=true and clear=true")
        self._action = actions[0] if actions else "list"
        self._limit = count("limit", given.get("limit"), _DEFAULT_LIMIT, _MOST)

    def rows(self) -> Iterator[Row]:
        from .core_access import Asking

        self.note(action=self._action)
        if self._action == "clear":
            self._require(CAPABILITY)
        asking = Asking(self)
        cache = asking.ready().cache
        if self._action == "clear":
            yield {"cleared": str(cache.clear())}
        elif self._action == "stats":
            figures = {**cache.stats(), "pending": asking.ready().pending.stats()["entries"]}
            yield {name: "" if value is None else str(value) for name, value in figures.items()}
        else:
            yield from self._newest(asking)
        self.warn(asking.warnings)

    def _newest(self, asking: Asking) -> Iterator[Row]:
        for kept in asking.ready().cache.newest(self._limit):
            yield {
                "indicator": kept.indicator,
                "type": kept.kind,
                "status": kept.status,
                "verdict": kept.verdict or "",
                "malicious": "" if kept.malicious is None else str(kept.malicious),
                "total": "" if kept.total is None else str(kept.total),
                "age_s": str(kept.age_s),
                "fetched_at": str(round(kept.fetched_at)),
            }

    def _require(self, capability: str) -> None:
        """Raise `Refused` if the user does not have the right, or if it cannot be checked."""
        from vt_connectors.errors import ConnectorError

        from ..composition import splunkd_of
        from ..policy import Caller

        splunkd = splunkd_of(self.searchinfo)
        try:
            has_right = Caller(splunkd, splunkd).may(capability)
        except ConnectorError as error:
            raise Refused(error.code, f"nothing was cleared: {in_splunk(error.message)}") from None
        if not has_right:
            problem = f"nothing was cleared: your role needs the capability {capability}; ask your admin"
            raise Refused("access_denied", problem)
