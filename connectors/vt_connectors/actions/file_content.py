"""A file in a request: its content in base64, in the forms that common tools write, and its name."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from ..errors import InvalidRequest
from ..quick_imports import pattern

_PARAM = "content_base64"
# RFC 2397: a type and parameters; the last parameter says that base64 follows.
_DATA_URL = pattern(r"data:[^,]{0,500};base64,", re.IGNORECASE)
_URL_SAFE = str.maketrans("-_", "+/")
# Path separators of all systems: a name may come from another system.
_SEPARATORS = pattern(r"[/\\\uff0f\uff3c\u2215\u2044]+")
_DRIVE = pattern(r"^\s*[A-Za-z]:")
_LONGEST_NAME = 255


def refused(param: str, why: str) -> InvalidRequest:
    """The error for the parameter `param`; an empty `param` means all parameters together."""
    path = f"/params/{param}".rstrip("/")
    return InvalidRequest(f"{path} {why}", details={"path": path})


def content_of(text: str) -> bytes:
    """Decode base64: in lines (RFC 2045), URL-safe (RFC 4648, 5), with or without padding, or as a `data:` URL.

    Raises `InvalidRequest`.
    """
    text = text.strip()
    if text[:5].lower() == "data:":
        found = _DATA_URL.match(text)
        if found is None:
            raise refused(_PARAM, "is a data: URL, but not one in base64 (data:...;base64,...)")
        text = unquote(text[found.end() :])
    text = "".join(text.split())
    if ("-" in text or "_" in text) and not ("+" in text or "/" in text):
        text = text.translate(_URL_SAFE)
    bare = text.rstrip("=")
    if len(text) - len(bare) > 2:
        raise refused(_PARAM, "is not base64: it ends with more than two =")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise refused(_PARAM, "is not base64, neither standard nor URL-safe") from None


def last_component(name: str) -> str:
    """The file's name without folders and drive, which would reveal details of a machine; `file` if nothing is left.

    VirusTotal shows the name in public. Raises `InvalidRequest`.
    """
    parts = [part for part in _SEPARATORS.split(_DRIVE.sub("/", name)) if part.strip(". ")]
    last = parts[-1] if parts else ""
    if len(last) > _LONGEST_NAME:
        raise refused("filename", f"has {len(last)} characters; at most {_LONGEST_NAME} are allowed")
    return last or "file"
