"""The tokens file: which clients there are, with the hashes of their tokens and what they may do."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from ... import strict_json
from ...clock import iso
from ...composition.state import state_place
from ...config.settings import Settings
from ...errors import ConfigError
from .callers import LONGEST_WAIT_S, RIGHTS, Caller, Right
from .private_files import changing, read_private, write_private
from .token_text import PREFIX

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECRET = re.compile(rf"[0-9a-zA-Z]{{64}}|{PREFIX}.*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TOKEN_BYTES = 32
_VERSION = 1
_MOST_WAIT_S = 3600.0
_ABOUT = "the tokens file"
# The client of the token that a server without a tokens file makes.
LOCAL = "local"


class Entry(NamedTuple):
    """A token. `digest`: the SHA-256 of the token in hexadecimal digits. `created`: UTC."""

    caller: Caller
    digest: str
    created: str


def default_tokens_file() -> Path:
    """`serve-tokens.json` beside the default state file, whatever `VT_STATE` is."""
    return cast("Path", state_place(Settings())).with_name("serve-tokens.json")


def local_token_file(path: Path) -> Path:
    """The file with the token of `local`, beside the tokens file `path`."""
    return path.with_name(f"{path.stem}-{LOCAL}.token")


def digest_of(token: str) -> str:
    """As it is in the file. No salt is needed, because a token has 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def read_tokens(path: Path) -> tuple[Entry, ...]:
    """The tokens of the file. Raises `ConfigError`, also if others may read or write it; `FileNotFoundError`."""
    text = read_private(path, _ABOUT)
    try:
        return _entries(strict_json.loads_once(text))
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        detail = str(error) if isinstance(error, _Wrong) else "it is not JSON of the expected form"
        raise ConfigError(
            f"{_ABOUT} {path} cannot be used: {detail}; restore it, or move it away and add the tokens again"
        ) from None


def add_token(path: Path, caller: Caller, now: float) -> str:
    """Make a token for `caller` and return it; it cannot be found again. `now`: epoch seconds.

    Raises `ConfigError` if there is a token with this name, or if the shares exceed 100 percent together.
    """
    check_caller(caller)
    with changing(path, _ABOUT) as place:
        known = _known(path)
        if any(entry.caller.name == caller.name for entry in known):
            raise ConfigError(f"there is a token {caller.name} already; revoke it first, or choose another name")
        left = 100 - sum(entry.caller.share for entry in known)
        if caller.share > left:
            raise ConfigError(f"a share of {caller.share} percent is too much; {left} percent are left for it")
        token = _new_token()
        write_private(place, _document([*known, _entry(caller, token, now)]))
        return token


def revoke_token(path: Path, name: str) -> None:
    """Remove the token. Raises `ConfigError` if there is none with this name."""
    check_name(name)
    with changing(path, _ABOUT) as place:
        known = _known(path)
        left = [entry for entry in known if entry.caller.name != name]
        if len(left) == len(known):
            raise ConfigError(f"there is no token {name!r} in {path}; see vtaction serve token list")
        write_private(place, _document(left))
        if name == LOCAL:
            local_token_file(place).unlink(missing_ok=True)


def make_tokens_file(path: Path, now: float) -> Path | None:
    """Make the file with one token, `local`, which may only read. Returns the path of a second file, which has the
    token; None if there is a tokens file already. Raises `ConfigError`.
    """
    with changing(path, _ABOUT) as place:
        if place.exists():
            return None
        token = _new_token()
        # First, so that there is never a tokens file whose token is lost.
        write_private(local_token_file(place), f"{token}\n")
        write_private(place, _document([_entry(Caller(LOCAL), token, now)]))
        return local_token_file(place)


def check_name(name: str) -> None:
    """Raises `ConfigError` for an impossible name, which is not repeated if it looks like a secret."""
    if _SECRET.fullmatch(name):
        raise ConfigError("the name looks like a key or a token, and names are logged; give another name")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name[:80]!r} is no name for a token: use 1 to 64 of the characters A-Z, a-z, 0-9, '.', '_', '-'"
        )


def check_caller(caller: Caller) -> None:
    """Raises `ConfigError` for an impossible name, share, right or wait."""
    check_name(caller.name)
    if not 0 <= caller.share <= 100:
        raise ConfigError(f"a share of {caller.share} is not a percentage from 0 to 100")
    unknown = sorted(caller.rights.difference(RIGHTS))
    if unknown:
        raise ConfigError(f"unknown right {str(unknown[0])[:40]!r}; the rights are {', '.join(RIGHTS)}")
    if not 0 <= caller.longest_wait_s <= _MOST_WAIT_S:
        raise ConfigError(f"a wait of {caller.longest_wait_s:.0f} s is not from 0 to {_MOST_WAIT_S:.0f} s")


def _known(path: Path) -> tuple[Entry, ...]:
    try:
        return read_tokens(path)
    except FileNotFoundError:
        return ()


def _new_token() -> str:
    return PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def _entry(caller: Caller, token: str, now: float) -> Entry:
    return Entry(caller, digest_of(token), iso(now))


class _Wrong(ValueError):
    """Says what is wrong with the file."""


def _entries(document: Any) -> tuple[Entry, ...]:
    version = document["version"]
    if version != _VERSION:
        raise _Wrong(f"its version is {str(version)[:20]!r}, and this program reads version {_VERSION}")
    entries = tuple(_read_entry(each) for each in document["tokens"])
    if len({entry.caller.name for entry in entries}) != len(entries):
        raise _Wrong("a name occurs twice")
    if sum(entry.caller.share for entry in entries) > 100:
        raise _Wrong("the shares exceed 100 percent together")
    return entries


def _read_entry(each: Mapping[str, Any]) -> Entry:
    share, wait_s = each.get("share", 0), each.get("max_wait_s", LONGEST_WAIT_S)
    if type(share) is not int or type(wait_s) not in (int, float):
        raise _Wrong("a share or a wait is no number")
    caller = Caller(str(each["name"]), frozenset(cast("Sequence[Right]", each["rights"])), share, float(wait_s))
    try:
        check_caller(caller)
    except ConfigError as error:
        raise _Wrong(error.message) from None
    if not _DIGEST.fullmatch(each["sha256"]):
        raise _Wrong(f"the token {caller.name} has no SHA-256")
    return Entry(caller, each["sha256"], str(each.get("created", ""))[:40])


def _document(entries: Iterable[Entry]) -> str:
    tokens = [
        {
            "name": caller.name,
            "sha256": digest,
            "rights": [right for right in RIGHTS if right in caller.rights],
            "share": caller.share,
            "max_wait_s": caller.longest_wait_s,
            "created": created,
        }
        for caller, digest, created in entries
    ]
    return strict_json.dumps({"version": _VERSION, "tokens": tokens}) + "\n"
