"""`vtaction init`: stores an API key and settings in the user's configuration file."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...api_key import ApiKey
from ...config.config_file import KEY_NAMES, check_content
from ...config.credentials import KEY_PAGE
from ...config.paths import default_config_file, expanded
from ...contract import MALFORMED, OK, RETRY_LATER
from ...errors import ConfigError
from ...quota.windows import PUBLIC, parse_quota
from ...redaction import remember
from ..http.private_files import changing, read_private, write_private
from ..process.descriptors import Input
from ..process.termination import LOOK_S, Termination
from .logs import complain

_ABOUT = "the configuration file"
_MOST_BYTES = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Store an API key in the configuration file, which only you can read. The key is read without showing it, or "
        "from stdin: it is never given on the command line, where other users of the machine could see it."
    )
    parser.epilog = """examples:
  vtaction init
  vtaction init --quota auto
  vtaction init --profile work < key.txt
  vtaction lookup 8.8.8.8 --profile work

`vtaction help --man` says where the file is, and `vtaction doctor` which one is used."""
    about = (
        f"the requests that the key may use, such as 1000/minute; auto: read them from the account (default: {PUBLIC})"
    )
    parser.add_argument("--quota", metavar="WINDOWS", help=about)
    parser.add_argument("--replace", action="store_true", help="replace a key that is already stored")


def run_init(options: argparse.Namespace, environment: Mapping[str, str], ending: Termination) -> int:
    """Ask for the key and write the file. Returns the exit status."""
    profile = environment.get("VT_PROFILE", "").strip()
    try:
        path = _place(environment)
        if options.quota is not None:
            parse_quota(options.quota, "--quota")
        _refuse_to_replace(_content(path), profile, path, allowed=options.replace)
        key = remember(_given_key(ending))
        _store(path, profile, key, options)
    except ConfigError as error:
        complain(f"vtaction init: {error.message}")
        return MALFORMED
    except KeyboardInterrupt:
        complain("", "vtaction init: ended on request; nothing was stored")
        return RETRY_LATER
    complain(*_told(path, profile, options.quota))
    for name in ("VT_API_KEY", "VT_API_KEY_FILE"):
        if environment.get(name, "").strip():
            complain(f"vtaction init: {name} is set and is used instead of the stored key; unset it")
    return OK


def _place(environment: Mapping[str, str]) -> Path:
    """The file that `VT_CONFIG` names, else the default one. Raises `ConfigError`."""
    if "VT_CONFIG" in environment and not environment["VT_CONFIG"].strip():
        raise ConfigError("VT_CONFIG is empty, so no configuration file is used; unset it, or name a file")
    named = environment.get("VT_CONFIG", "").strip() or default_config_file(environment)
    if not named:
        raise ConfigError("this user has no home folder, or it does not exist; name a file in VT_CONFIG")
    return expanded("VT_CONFIG", named, environment).absolute()


def _content(path: Path) -> dict[str, Any]:
    try:
        text = read_private(path, _ABOUT)
    except FileNotFoundError:
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        raise ConfigError(f"{path} is not JSON; correct it, or move it away") from None
    check_content(content, str(path))
    found: dict[str, Any] = content
    return found


def _section(content: dict[str, Any], profile: str) -> dict[str, Any]:
    if not profile:
        return content
    section: dict[str, Any] = content.setdefault("profiles", {}).setdefault(profile, {})
    return section


def _refuse_to_replace(content: dict[str, Any], profile: str, path: Path, *, allowed: bool) -> None:
    if not allowed and any(name in _section(content, profile) for name in KEY_NAMES):
        about = f"the profile {profile!r} of {path}" if profile else str(path)
        other = "" if profile else "; for a further key use --profile NAME"
        raise ConfigError(f"{about} already has a key; --replace replaces it{other}")


def _given_key(ending: Termination) -> ApiKey:
    try:
        return ApiKey(_read_key(ending))
    except ConfigError:
        # The message of `ApiKey` is for those who set a variable.
        raise ConfigError(
            "no API key was given, or it has invalid characters; nothing was stored. Give the key on stdin or at the "
            f"prompt, also to change only other settings; it is at {KEY_PAGE}"
        ) from None


def _read_key(ending: Termination) -> str:
    if not sys.stdin.isatty():
        return _first_line(ending)
    complain(f"Your API key is at {KEY_PAGE} (a free account is enough).", "It is not shown while you paste it.")
    with _interruptible():
        return getpass.getpass("API key: ", stream=sys.stderr)


def _first_line(ending: Termination) -> str:
    """Raises `KeyboardInterrupt` on a request to end."""
    stdin, found = Input(sys.stdin.fileno()), b""
    while b"\n" not in found and len(found) <= _MOST_BYTES:
        piece = stdin.read(LOOK_S)
        if ending.clock.cancelled:
            raise KeyboardInterrupt
        if piece == b"":
            break
        found += piece or b""
    return found.decode("utf-8", "replace").lstrip("\ufeff").partition("\n")[0]


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Within the block, a request to end raises `KeyboardInterrupt`, so that the terminal shows what is typed again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


def _store(path: Path, profile: str, key: ApiKey, options: argparse.Namespace) -> None:
    with changing(path, _ABOUT) as real:
        content = _content(path)
        _refuse_to_replace(content, profile, path, allowed=options.replace)
        section = _section(content, profile)
        for name in KEY_NAMES:
            section.pop(name, None)
        section["api_key"] = key.reveal()
        if options.quota is not None:
            section["quota"] = options.quota
        write_private(real, json.dumps(content, indent=2) + "\n")


def _told(path: Path, profile: str, quota: str | None) -> list[str]:
    option = f" --profile {shlex.quote(profile)}" if profile else ""
    about = f"the profile {profile!r} in " if profile else ""
    lines = [f"Stored the key in {about}{path}, which only you can read."]
    if quota is None:
        lines.append(
            f"The quota is the free key's, {PUBLIC}, if no setting says more. To read it from the account, give the "
            f"key again to: vtaction init --replace --quota auto{option}"
        )
    lines.append(f"Next: vtaction doctor --online{option}; then vtaction lookup 8.8.8.8{option}")
    return lines
