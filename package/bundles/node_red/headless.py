"""Runs a flow in a Node-RED without an editor, on a free port of 127.0.0.1. npm installs a pinned version once."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from package.exports import npm
from package.spl.build_error import BuildError

VERSION = "4.1.8"
FLOW = Path(__file__).parent / "flow.json"
_LONGEST_S = 120.0
# Port 0 makes the system choose; the flow then reports the chosen one on the log.
_SETTINGS = """
const http = require("http");
const listen = http.Server.prototype.listen;
http.Server.prototype.listen = function (...given) {
    this.once("listening", () => console.log("listening on port " + this.address().port + "."));
    return listen.apply(this, given);
};
module.exports = {
    uiHost: "127.0.0.1", uiPort: 0, httpAdminRoot: false, flowFile: "flow.json", diagnostics: {enabled: false},
    credentialSecret: false, telemetry: {enabled: false}, logging: {console: {level: "info"}},
};
"""


@contextlib.contextmanager
def node_red(environment: dict[str, str], flow: Path = FLOW) -> Iterator[str]:
    """The URL of a Node-RED that runs `flow`, with these environment variables. BuildError if it does not start."""
    script = npm.installed("node-red", VERSION) / "red.js"
    with tempfile.TemporaryDirectory(prefix="vt-node-red-") as folder:
        (Path(folder) / "settings.js").write_text(_SETTINGS, "utf-8")
        shutil.copyfile(flow, Path(folder) / "flow.json")
        plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        command = ["node", str(script), "--userDir", folder, "--settings", str(Path(folder) / "settings.js")]
        process = subprocess.Popen(
            command,
            env={**plain, **environment, "HOME": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
        )
        stop = threading.Timer(_LONGEST_S, process.kill)
        stop.start()
        try:
            yield f"http://127.0.0.1:{_port(process)}"
        finally:
            stop.cancel()
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[str]) -> int:
    """The port, as soon as the flow runs."""
    port, seen = 0, []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(line)
        found = re.search(r"listening on port (\d+)", line)
        port = int(found[1]) if found else port
        if "Started flows" in line and port:
            # Its further output must not fill the pipe.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return port
    raise BuildError("Node-RED did not start:\n" + "".join(seen))


def request_of_flow(value: str) -> bytes:
    """The body of a request to the flow."""
    return json.dumps({"value": value}).encode()


if __name__ == "__main__":
    npm.installed("node-red", VERSION)
