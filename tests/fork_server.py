"""A Python that has imported a program's modules, and forks a process for each time the program is to be started.

It runs on every Python that the programs do, and imports nothing of the tests. `main` reads requests from the socket
that is its standard input: a JSON object after its length, and with it the new process's three streams and a pipe for
its id and its exit status.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from types import CodeType
from typing import Any

# Digits of a request's length, which comes before it, and with it the descriptors.
_LENGTH = 8
_STREAMS = 3


def _import_all(packages: list[str]) -> None:
    """Each with all that is in it, or itself alone if a colon ends its name; not those that begin with a hyphen."""
    left_out = {name[1:] for name in packages if name.startswith("-")}
    for name in packages:
        if name.startswith("-"):
            continue
        if name.endswith(":"):
            with contextlib.suppress(ModuleNotFoundError):  # of an extra that is not installed
                importlib.import_module(name.rstrip(":"))
            continue
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(getattr(package, "__path__", []), f"{name}."):
            if not module.name.endswith("__main__") and module.name not in left_out:
                with contextlib.suppress(ImportError):  # its library is an optional one
                    importlib.import_module(module.name)


def _compile_patterns() -> None:
    """Those of the connectors, which would else be compiled on first use, by each process for itself."""
    for module in list(sys.modules.values()):
        for value in list(vars(module).values()):
            if type(value).__module__ == "vt_connectors.quick_imports":
                getattr(value, "pattern", None)  # whatever is asked of a pattern compiles it


def _receive(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """A request and its descriptors; None when nobody is there any more."""
    descriptors = array.array("i")
    room = socket.CMSG_SPACE((_STREAMS + 1) * descriptors.itemsize)
    length, ancillary, _, _ = control.recvmsg(_LENGTH, room)
    for _, _, data in ancillary:
        descriptors.frombytes(data)
    message = bytearray()
    while length and len(message) < int(length):
        message += control.recv(int(length) - len(message))
    return (json.loads(message), list(descriptors)) if message else None


def _codes(modules: list[str]) -> dict[str, CodeType]:
    found: dict[str, CodeType] = {}
    for name in modules:
        loader: Any = importlib.import_module(name).__loader__
        found[name] = loader.get_code(name)
    return found


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """In the new process: what a started one would find."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if request["new_session"]:
        os.setsid()
    for stream, descriptor in enumerate(descriptors[:_STREAMS]):
        os.dup2(descriptor, stream)
    os.closerange(_STREAMS, 256)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[:] = request["arguments"]


def _reap(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        _tell(running.pop(pid), code)


def _tell(pipe: int, code: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it
        os.write(pipe, b"%d\n" % code)
    os.close(pipe)


def serve(control: socket.socket) -> dict[str, Any] | None:
    """The request, in each new process; None in this one, at its end."""
    running: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake)
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(running)
        if control.fileno() not in ready:
            continue
        received = _receive(control)
        if received is None:
            return None
        request, descriptors = received
        pid = os.fork()
        if pid == 0:
            control.detach()  # else its end would close whatever the program opens under that number
            _become(request, descriptors)
            return request
        os.write(descriptors[_STREAMS], b"%d\n" % pid)
        running[pid] = descriptors[_STREAMS]
        for descriptor in descriptors[:_STREAMS]:
            os.close(descriptor)


def main() -> None:
    given = json.loads(sys.argv[1])
    as_started = sys.path[1:]
    sys.path[:] = [*given["path"], *as_started]
    if given["first"]:
        module, _, function = given["first"].partition(":")
        getattr(importlib.import_module(module), function)()
    _import_all(given["packages"])
    _compile_patterns()
    again = _codes(given["again"])
    sys.path[:] = as_started
    gc.collect()
    gc.freeze()
    control = socket.socket(fileno=os.dup(0))
    request = serve(control)
    if request is None:
        return
    for name, code in again.items():
        exec(code, vars(sys.modules[name]))
    if request["frees_all"]:
        # Whatever becomes of it, Python ends as it does after the program itself.
        _run(request)
        return
    status = 0
    try:
        _run(request)
    except SystemExit as error:
        if not isinstance(error.code, (int, type(None))):
            raise
        status = error.code or 0
    _end_without_freeing(status)
    sys.exit(status)


def _run(request: dict[str, Any]) -> None:
    if request["module"]:
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    else:
        script = request["arguments"][0]
        sys.path.insert(0, str(Path(script).parent))
        runpy.run_path(script, run_name="__main__")


def _end_without_freeing(status: int) -> None:
    """What Python does at the end of a program, less that it frees every module: all their memory is shared with the
    server, and would be copied first. Returns if something could not be written: Python has its own way to say so.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()  # what the program itself has made
    try:
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            if stream is not None and not stream.closed:
                stream.flush()
    except OSError:
        return
    os._exit(status & 0xFF)


if __name__ == "__main__":
    main()
