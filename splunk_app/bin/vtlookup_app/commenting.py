"""The one rule of comments: everyone can read them, so an admin allows them first, and not everyone may write them."""

from __future__ import annotations

from typing import Any

from connectors.errors import ConfigError, Forbidden

from .app_settings import is_on
from .broker.limits import MAY_WRITE
from .search_options import KINDS, UsageError
from .splunkd import COMMENTS_ALLOWED, Splunkd


def refuse_what_is_not_allowed(splunkd: Splunkd) -> None:
    """Raises `ConfigError` where no admin has allowed comments, and `Forbidden` where this user may not write them."""
    if not is_on(splunkd.own_settings()[COMMENTS_ALLOWED]):
        raise ConfigError("comments are off here: an admin allows them on the app's setup page")
    if MAY_WRITE not in splunkd.capabilities():
        raise Forbidden(
            f"comments are seen by others and cannot be undone: your role needs the capability {MAY_WRITE}; ask your "
            "admin"
        )


def request_of(indicator: str, kind: str, comment: str) -> dict[str, Any]:
    """The request that comments; `kind` may be empty. Raises `UsageError` where it is no type."""
    if kind and kind not in KINDS:
        raise UsageError(f"type={kind[:80]!r}: one of {', '.join(KINDS)}")
    params = {"indicator": indicator, "comment": comment, **({"type": kind} if kind and kind != "ioc" else {})}
    return {"action": "add_comment", "params": params}
