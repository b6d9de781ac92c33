"""Sends generated requests to the server, valid and invalid ones: `python -m package.http_api.fuzzing --seconds 60`.

Schemathesis makes them from /openapi.json and checks the replies against it. It has an environment of its own,
.venv-schemathesis, because it needs a newer Python than we do. The server runs in front of the sandbox.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from package.spl.build_error import BuildError
from package.tool_environment import create, pip_install
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.defence import Defence
from vt_connectors.adapters.http.listening import Limits, Listener
from vt_connectors.adapters.http.service import Service
from vt_connectors.adapters.http.sockets import tcp_socket
from vt_connectors.clock import SystemClock
from vt_connectors.sandbox import Quota, SandboxServer

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".venv-schemathesis"
VERSION = "4.32.5"
PYTHONS = ("3.13", "3.12", "3.11", "3.10")
TOKEN = "a-token-for-schemathesis"  # noqa: S105  # of a server that lives for one run
# A key of the sandbox that may use every call.
KEY = "premium-gti-private-test"


class OneToken:
    """The only token of the server, with all rights."""

    def find(self, token: str) -> Caller | None:
        return Caller("schemathesis", frozenset(RIGHTS), longest_wait_s=1.0) if token == TOKEN else None


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a server in front of the sandbox, with its state in `folder`."""
    with SandboxServer(Quota(windows=(), per_day=None, per_month=None)) as sandbox:
        environment = {
            "VT_API_URL": sandbox.url,
            "VT_API_KEY": KEY,
            "VT_STATE": str(folder / "state.db"),
            "VT_QUOTA": "none",
        }
        listening = tcp_socket("127.0.0.1", 0)
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        service = Service(environment, OneToken(), Defence({address}), SystemClock())
        listener = Listener([listening], service.application, Limits())
        listener.start()
        try:
            yield f"http://{address}"
        finally:
            listener.stop(5.0)
            service.close()


def find_schemathesis() -> Path | None:
    """Its executable: the one in the variable SCHEMATHESIS, or in .venv-schemathesis; None if there is none."""
    named = os.environ.get("SCHEMATHESIS")
    path = Path(named) if named else FOLDER / "bin/schemathesis"
    return path if path.is_file() else None


def install() -> Path:
    """Create .venv-schemathesis unless it exists, and return the executable."""
    found = find_schemathesis()
    if found is None:
        create(FOLDER, PYTHONS, "Schemathesis")
        pip_install(FOLDER, [f"schemathesis=={VERSION}"])
    return found or FOLDER / "bin/schemathesis"


def run(executable: Path, url: str, folder: Path, further: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run all checks on the server at `url`. The exit status is 0 if there is no finding."""
    command = [str(executable), "--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"]
    command += ["-H", f"Authorization: Bearer {TOKEN}", "-H", "Prefer: status", "--no-color", "--continue-on-failure"]
    command += ["--suppress-health-check", "all", *further]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)}
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description="Sends generated requests to the server for some time.")
    parser.add_argument("--seconds", type=int, default=60, help="default: 60")
    parser.add_argument("--install", action="store_true", help="only make the environment, .venv-schemathesis")
    options, further = parser.parse_known_args()
    try:
        executable = install()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    if options.install:
        return 0
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        done = run(executable, url, Path(folder), [f"--max-time={options.seconds}", *further])
    print(done.stdout, done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
