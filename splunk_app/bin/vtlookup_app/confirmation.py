"""Codes for requests that a user confirms by a click on a page.

Links set any token of a page, and Splunk then runs the page's searches before any click. So the pages' searches have
`confirm=`: without a valid code they send nothing, and each row has a new code, which a click puts into the search. A
code is for one user and one request, so the author of a link cannot know it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

CONFIRM = "confirm"
# How long a code is valid: a user reads the page before the click.
VALID_S = 600
_SECRET_BYTES = 32
_CODE = re.compile(r"(\d{1,12})\.([0-9a-f]{64})", re.ASCII)


class Confirmation:
    """Of one command's request: its options less `confirm`. `user` is the search's, as splunkd names it.

    The secret is a file in `folder` that the app's processes on this search head share. OSError if it cannot be used.
    """

    def __init__(self, folder: Path, user: str, command: str, given: Mapping[str, str]) -> None:
        self._folder = folder
        self._secret = _secret(folder)
        request = sorted((name, value) for name, value in given.items() if name != CONFIRM)
        self._told = [user, command, request]
        self._given = given[CONFIRM]

    def code(self) -> str:
        """A new code for this request."""
        return self._code_until(int(time.time()) + VALID_S)

    def is_given(self) -> bool:
        """Whether the search has a valid code."""
        match = _CODE.fullmatch(self._given)
        if match is None or not time.time() <= int(match[1]) <= time.time() + VALID_S:
            return False
        return hmac.compare_digest(self._given, self._code_until(int(match[1])))

    def take(self) -> bool:
        """Whether the search has a valid code that no search took before. For what must not be sent twice: Splunk runs
        a page's search again when its panel is refreshed, and the code of the click is still in it. Raises `OSError`.
        """
        if not self.is_given():
            return False
        taken = self._folder / "confirmed"
        taken.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_old(taken)
        try:
            os.close(os.open(taken / self._given, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        return True

    def _code_until(self, until: int) -> str:
        told = json.dumps([until, *self._told]).encode()
        return f"{until}.{hmac.new(self._secret, told, hashlib.sha256).hexdigest()}"


def _remove_old(taken: Path) -> None:
    """Remove the files of codes that are not valid any more."""
    for file in taken.iterdir():
        code = _CODE.fullmatch(file.name)
        if code is not None and int(code[1]) < time.time() - VALID_S:
            with contextlib.suppress(OSError):
                file.unlink()


def _secret(folder: Path) -> bytes:
    """The content of the file, which is made once."""
    file = folder / "confirmations.key"
    if not file.exists():
        _make(file)
    found = file.read_bytes()
    if len(found) != _SECRET_BYTES:
        raise OSError(f"{file} is damaged: delete it")
    return found


def _make(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Readable only by Splunk's user, and complete before it gets its name, because several processes may make it.
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(secrets.token_bytes(_SECRET_BYTES))
        os.link(name, file)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()
