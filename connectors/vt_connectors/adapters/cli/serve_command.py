"""`vtaction serve`: serves until it is stopped."""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
from collections.abc import Mapping, MutableMapping, Sequence

from ...clock import SystemClock
from ...config.credentials import find_key
from ...config.settings import Settings
from ...contract import FAILED, MALFORMED, OK
from ...errors import Cancelled, ConfigError
from ...log import logger
from ..http.audit import Audit, audit_log
from ..http.body_limits import FORM_BYTES
from ..http.cores import check_settings
from ..http.defence import Defence
from ..http.listening import Limits, Listener
from ..http.rights import ServerSettings
from ..http.service import Service
from ..http.share_registration import ShareRegistration
from ..http.sockets import hosts_of, shown
from ..http.token_file import make_tokens_file
from ..http.tokens import FileTokens
from ..process.stderr_lines import LosingStderr
from .logs import complain
from .serve_check import check
from .serve_signals import ServerSignals
from .serve_sockets import listening
from .token_command import tokens_path

# After a request to end: how long calls in progress may take. The process ends within 30 s.
_STOP_WITHIN_S = 25.0
_LOOK_S = 0.2
_LOG = logger("serve")


def serve(options: argparse.Namespace, environment: MutableMapping[str, str], clock: SystemClock) -> int:
    """Serve until the process is asked to end. Returns the exit status."""
    # All clients would wait for a log that is not read.
    with contextlib.redirect_stderr(LosingStderr()):
        return _serve(options, environment, clock)


def _serve(options: argparse.Namespace, environment: MutableMapping[str, str], clock: SystemClock) -> int:
    try:
        if options.check:
            return check(options)
        settings = check_settings(environment, clock)
        key_file = tokens_path(options, environment).with_name("serve-audit.key")
        # Opened first, so that a wrong --audit is reported although the port is in use, and creates no tokens file.
        audit = audit_log(options.audit, options.audit_indicator, key_file, clock)
        with listening(options, environment) as sockets:
            tokens = _tokens(options, environment, clock)
            _warn_without_key(environment)
            _warn_of_memory(settings)
            return _served(sockets, options, environment, clock, tokens, audit)
    except ConfigError as error:
        complain(f"vtaction serve: {error.message}")
        return MALFORMED


def _warn_without_key(environment: Mapping[str, str]) -> None:
    try:
        find_key(environment)
    except ConfigError as error:
        text = "calls that need VirusTotal are answered with config_error until there is a key"
        complain(f"vtaction serve: {error.message}; {text}")


def _served(
    sockets: Sequence[socket.socket],
    options: argparse.Namespace,
    environment: Mapping[str, str],
    clock: SystemClock,
    tokens: FileTokens,
    audit: Audit,
) -> int:
    hosts = {host for each in sockets for host in hosts_of(each, options.allow_host)}
    upload_bytes = options.max_upload + FORM_BYTES
    service = Service(
        environment,
        tokens,
        Defence(hosts, options.behind_proxy),
        clock,
        [audit],
        options.threads,
        ServerSettings(options.accept_keys, options.allow_downloads),
        upload_bytes,
    )

    def stop() -> None:
        service.application.is_stopping = True
        # Wakes the calls that wait for quota.
        clock.cancel()

    signals = ServerSignals(stop)
    listener = Listener(sockets, service.application, Limits(threads=options.threads, upload_bytes=upload_bytes))
    shares = ShareRegistration(service.cores, lambda: tokens.callers, str(tokens_path(options, environment)), clock)
    listener.start()
    sys.stdout.write(" ".join(shown(each) for each in sockets) + "\n")
    sys.stdout.flush()
    try:
        while listener.is_serving:
            shares.look()
            clock.sleep(_LOOK_S)
            if signals.wants_reload():
                # For programs that rename log files, whatever the settings are.
                audit.reopen()
                _reload(service, environment, clock)
                shares.again()
    except Cancelled:
        # The request to end may have come before `stop` could be called.
        service.application.is_stopping = True
        listener.stop(_STOP_WITHIN_S)
        service.close()
        return OK
    complain("vtaction serve: the server stopped unexpectedly")
    return FAILED


def _warn_of_memory(settings: Settings) -> None:
    if settings.state == "memory":
        _LOG.warning(
            "VT_STATE is memory: no other process shares the cache and the quota, and the end of the server loses "
            "them, and the answers to Idempotency-Keys; name a file or redis://..."
        )


def _reload(service: Service, environment: Mapping[str, str], clock: SystemClock) -> None:
    """Read settings, key and tokens again; if the settings are wrong, the server continues with the old ones."""
    try:
        check_settings(environment, clock)
        find_key(environment)
    except ConfigError as error:
        _LOG.error("nothing was reloaded, because the settings are wrong: %s", error.message)
        return
    service.reload()
    _LOG.info("reloaded settings, key and tokens")


def _tokens(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock) -> FileTokens:
    """The tokens of the file, which is made if it is missing. Raises `ConfigError`."""
    path = tokens_path(options, environment)
    try:
        return FileTokens(path, clock)
    except FileNotFoundError:
        made = make_tokens_file(path, clock.now())
    if made is not None:
        complain(
            f"vtaction serve: made the tokens file {path} with one token, local, which may read; the token is in "
            f"{made}; vtaction serve token add makes more"
        )
    return FileTokens(path, clock)
