"""The item that a write is about."""

from __future__ import annotations

from ..data.identifiers import sha256_of
from ..data.kinds import Item, Kind
from ..errors import ApiError, not_found
from ..state import State


def item_to_write_on(state: State, kind: Kind, ident: str) -> Item:
    """The item for a comment or a vote. ApiError 404; a URL's base64 id is valid only for reading."""
    if kind is not Kind.URL:
        return state.dataset.find(kind, ident)
    missing = not_found(f'Item "{ident}" type "URL" not found')
    if sha256_of(ident) is None:
        raise missing
    try:
        return state.dataset.find(kind, ident)
    except ApiError:
        raise missing from None
