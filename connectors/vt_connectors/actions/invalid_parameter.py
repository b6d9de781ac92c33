"""What is wrong with a parameter."""

from __future__ import annotations

from ..errors import InvalidRequest


def refused(param: str, why: str) -> InvalidRequest:
    """`param`: its name, or nothing for all of them together."""
    path = f"/params/{param}".rstrip("/")
    return InvalidRequest(f"{path} {why}", details={"path": path})
