"""Tries the app in a real Splunk server: `make splunk LICENSE=accepted`. It needs Docker.

It starts Splunk in a container together with the sandbox, installs the app, runs the checks that need a Splunk server,
prints their results, and writes build/splunk-report.json.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from splunklib.binding import HTTPError

from package.real_splunk.checks import CHECKS
from package.real_splunk.container import Container, DockerFailed, container
from package.real_splunk.session import APP, Session, patiently, session
from package.real_splunk.trial import NotAsExpected, Trial
from package.spl.build_error import BuildError
from package.spl.build_spl import PROJECT, build

REPORT = PROJECT / "build/splunk-report.json"
VERSION = "latest"
_PLACE = "/tmp/vtlookup-try"  # noqa: S108 - in the container, which has no other users
_PORT = 8181
Result = Mapping[str, Any]


def sandbox(place: str, app: str, port: int) -> str:
    """The sandbox as a program for Splunk's own Python, which has no other libraries than the app's."""
    return (
        f"import sys, threading; sys.path.insert(0, {app + '/bin'!r}); "
        f"from vtlookup_app.libraries import put_first; put_first(); sys.path.insert(0, {place!r}); "
        "from vt_connectors.sandbox import Quota, SandboxServer; "
        f"SandboxServer(Quota.unlimited(), port={port}).__enter__(); threading.Event().wait()"
    )


def try_all(trial: Trial, console: Console, checks: Sequence[Callable[[Trial], str]] = CHECKS) -> list[Result]:
    """For each check its name, its description, whether it passed, and what was seen."""
    results = []
    for check in checks:
        with console.status(str(check.__doc__)):
            results.append(_try(check, trial))
    return results


def _try(check: Callable[[Trial], str], trial: Trial) -> Result:
    began = time.monotonic()
    try:
        ok, told = True, check(trial)
    except NotAsExpected as error:
        ok, told = False, str(error)
    except (HTTPError, OSError, ValueError, LookupError, DockerFailed) as error:
        ok, told = False, f"{type(error).__name__}: {error}"
    took_s = round(time.monotonic() - began, 1)
    return {"check": check.__name__, "is": check.__doc__, "ok": ok, "told": told, "took_s": took_s}


def set_up(made: Container, spl: Path, password: str, sleep: Callable[[float], None]) -> Trial:
    """Install the app, start the sandbox, store a key, and create an analyst."""
    made.wait(sleep)
    admin = session(made.address(), "admin", password)
    made.put(spl, f"/tmp/{spl.name}")  # noqa: S108
    admin.service.post("apps/local", name=f"/tmp/{spl.name}", filename="true", update="true")  # noqa: S108
    made.run("mkdir", "-p", _PLACE)
    made.put(PROJECT / "connectors/vt_connectors", f"{_PLACE}/vt_connectors")
    admin.service.restart(timeout=600)
    admin = patiently(made.address(), "admin", password, sleep)
    program = sandbox(_PLACE, f"/opt/splunk/etc/apps/{APP}", _PORT)
    made.start("/opt/splunk/bin/splunk", "cmd", "python3", "-c", program)
    settings = {"api_url": f"http://127.0.0.1:{_PORT}", "quota": "none", "verdict_indexes": "main"}
    answer = admin.document("POST", "vtlookup/settings", {"settings": settings, "api_key": "premium-sandbox"})
    if "error" in answer:
        raise DockerFailed(f"the app's settings could not be stored: {answer}")
    return Trial(admin, _analyst(admin, made, password, sleep), made.run, sleep)


def _analyst(admin: Session, made: Container, password: str, sleep: Callable[[float], None]) -> Session:
    admin.service.post("/services/authentication/users", name="analyst", password=password, roles=["vtlookup_user"])
    return patiently(made.address(), "analyst", password, sleep)


def _show(results: Sequence[Result], console: Console) -> None:
    table = Table("", "what", "what was seen", box=None)
    for result in results:
        mark = "[green]ok[/]" if result["ok"] else "[red]not so[/]"
        table.add_row(mark, str(result["is"]), str(result["told"]).replace("[", r"\["))
    console.print(table)


def main(
    arguments: Sequence[str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    make: Callable[[Path], Path] = build,
    report: Path = REPORT,
) -> int:
    """Exit status 0: all checks passed; 1: a check failed; 2: it could not be tried."""
    parser = argparse.ArgumentParser(description="Try the app in a real Splunk server, with Docker.")
    parser.add_argument("--accept-splunk-license", action="store_true", help="you have read the licence, and accept it")
    parser.add_argument("--version", default=VERSION, help="tag of the image splunk/splunk, like 9.4 or 10.0")
    parser.add_argument("--keep", action="store_true", help="leave the container running")
    options = parser.parse_args(arguments)
    console = Console()
    if not options.accept_splunk_license:
        console.print("you must accept Splunk's licence and general terms: make splunk LICENSE=accepted")
        return 2
    # Known only to Splunk in the container, and to this process.
    password = f"Vt1{secrets.token_urlsafe(18)}"
    try:
        spl = make(PROJECT / "dist")
        with container(options.version, password, keep=options.keep) as made:
            with console.status("Splunk starts; the first time, its image is downloaded ..."):
                trial = set_up(made, spl, password, sleep)
            results = try_all(trial, console)
            info = dict(trial.admin.service.info)
            if options.keep:
                console.print(f"{made.pages}, user admin, password {password}")
    except (BuildError, DockerFailed, HTTPError, OSError) as error:
        print(f"it could not be tried: {error}", file=sys.stderr)
        return 2
    _show(results, console)
    report.parent.mkdir(parents=True, exist_ok=True)
    told = {"splunk": info.get("version"), "image": options.version, "app": spl.name, "checks": results}
    report.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    console.print(f"written: {report}")
    return int(not all(result["ok"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
