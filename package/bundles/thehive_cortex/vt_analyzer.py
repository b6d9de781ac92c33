"""The analyzer of all flavours: Cortex starts it for each job."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

from cortexutils.analyzer import Analyzer

from vt_connectors.adapters.soar.configured import way_in_for
from vt_connectors.adapters.soar.exchange import exchange
from vt_connectors.adapters.soar.thehive_cortex import LONGEST_S, CortexAnalyzer

_CHUNK_BYTES = 1 << 20
# A request to a server has at most 1 MiB, and base64 takes a third more.
_LARGEST_FILE_BYTES = 700_000


class VirusTotalAnalyzer(Analyzer):  # type: ignore[misc]
    """What Cortex's library asks of an analyzer."""

    def run(self) -> None:
        server, key, settings = (str(self.get_param(f"config.{name}") or "") for name in ("url", "key", "settings"))
        given = self._given(is_remote=bool(server))
        way_in = way_in_for(server, key, settings, os.environ)
        self._output = exchange(CortexAnalyzer(), given, way_in, LONGEST_S)
        if "error" in self._output:
            self.error(self._output["error"])
        self.report(self._output["full"], ensure_ascii=True)

    def summary(self, raw: Any) -> dict[str, Any]:
        return {"taxonomies": self._output["taxonomies"]}

    def artifacts(self, raw: Any) -> list[dict[str, Any]]:
        """Only our own: the library would make observables of all that looks like one, also of engines' names."""
        if not self.auto_extract:
            return []
        return [self.build_artifact(one["dataType"], one["data"]) for one in self._output["artifacts"]]

    def _given(self, *, is_remote: bool) -> dict[str, Any]:
        service = self.get_param("config.service", "lookup")
        given = {"service": service, "dataType": self.data_type, "data": self.get_data()}
        return {**given, **self._file(service, is_remote)} if self.data_type == "file" else given

    def _file(self, service: str, is_remote: bool) -> dict[str, Any]:
        path = self._path()
        if service != "scan":
            return {"sha256": _sha256(path)}
        if not is_remote:
            return {"path": str(path), "filename": self.get_data()}
        size = path.stat().st_size
        if size > _LARGEST_FILE_BYTES:
            limit = f"a file of {size} bytes is too large for a server ({_LARGEST_FILE_BYTES})"
            self.error(f"too_large: {limit}; install vt-connectors for Cortex and leave the server's address empty")
        return {"content_base64": base64.b64encode(path.read_bytes()).decode(), "filename": self.get_data()}

    def _path(self) -> Path:
        """Of the job's file. Ends the job if it is not in the folder of the job's input."""
        given = self.get_param("file")
        path = Path(given or "").resolve()
        # Without a folder the job came by stdin.
        is_there = given and self.job_directory and Path(self.job_directory, "input").resolve() in path.parents
        if not is_there:
            self.error("invalid_request: there is no file in the job's folder; run the analyzer as Cortex does")
        return path


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


if __name__ == "__main__":
    VirusTotalAnalyzer().run()
