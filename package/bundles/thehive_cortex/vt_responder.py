"""The responder: tags an observable with VirusTotal's verdict. Cortex starts it for each job."""

from __future__ import annotations

import os

from cortexutils.responder import Responder

from vt_connectors.adapters.soar.configured import way_in_for
from vt_connectors.adapters.soar.exchange import exchange
from vt_connectors.adapters.soar.thehive_cortex import LONGEST_S, CortexResponder


class VirusTotalResponder(Responder):  # type: ignore[misc]
    """What Cortex's library asks of a responder."""

    def run(self) -> None:
        artifact = self.get_param("data", None, "Missing data field")
        server, key, settings = (str(self.get_param(f"config.{name}") or "") for name in ("url", "key", "settings"))
        way_in = way_in_for(server, key, settings, os.environ)
        self._output = exchange(CortexResponder(), artifact, way_in, LONGEST_S)
        if "error" in self._output:
            self.error(self._output["error"])
        self.report(self._output["full"], ensure_ascii=True)

    def operations(self, raw: object) -> list[dict[str, str]]:
        return [self.build_operation(one["type"], tag=one["tag"]) for one in self._output["operations"]]


if __name__ == "__main__":
    VirusTotalResponder().run()
