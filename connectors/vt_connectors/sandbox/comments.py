"""Comments on items."""

from __future__ import annotations

import html
import json
import re
import threading
from dataclasses import dataclass

from .data.catalogue import catalogue
from .data.deterministic import digest
from .data.kinds import Item
from .data.web_attributes import REFERENCE_TIME
from .errors import already_exists, bad_request
from .http.messages import JsonObject

_TAG = re.compile(r"(?:^|(?<=\s))#(\w+)")
_DAY_S = 86400


@dataclass(frozen=True)
class Comment:
    """One comment; `author` is the key of the author, None for the catalogue's comments; `date` in epoch seconds."""

    id: str
    text: str
    author: str | None
    date: int


class CommentStore:
    """The comments on all items, including the catalogue's. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_item: dict[Item, list[Comment]] = {}  # oldest first
        for entry in catalogue():
            for number, text in enumerate(entry.comments):
                self._append(entry.item, text, None, REFERENCE_TIME + number * _DAY_S)

    def add(self, item: Item, text: str, key: str, now: float) -> Comment:
        """Post a comment. ApiError 409 if the same key has already posted the same text on the item."""
        with self._lock:
            if any(c.text == text and c.author == key for c in self._by_item.get(item, ())):
                raise already_exists("Comment already exists")
            return self._append(item, text, key, int(now))

    def newest_first(self, item: Item) -> list[Comment]:
        """All comments on an item."""
        with self._lock:
            return self._by_item.get(item, [])[::-1]

    def _append(self, item: Item, text: str, author: str | None, date: int) -> Comment:
        comments = self._by_item.setdefault(item, [])
        tail = digest(f"{item.id}/{len(comments)}/{text}", "comment")[:8]
        comments.append(Comment(f"{item.kind.letter}-{item.id}-{tail}", text, author, date))
        return comments[-1]


def comment_object(comment: Comment, self_link: str) -> JsonObject:
    """The JSON of a comment; words after `#` are its tags."""
    return {
        "type": "comment",
        "id": comment.id,
        "links": {"self": self_link},
        "attributes": {
            "date": comment.date,
            "text": comment.text,
            "html": html.escape(comment.text),
            "tags": list(dict.fromkeys(tag.lower() for tag in _TAG.findall(comment.text))),
            "votes": {"positive": 0, "negative": 0, "abuse": 0},
        },
    }


def comment_text(body: bytes) -> str:
    """The text in the body of a request to comment, or ApiError 400."""
    try:
        data = json.loads(body)["data"]
        text = data["attributes"]["text"]
        is_comment = data["type"] == "comment"
    except (ValueError, KeyError, TypeError, RecursionError):
        raise bad_request("The body must be a JSON object with a comment under data") from None
    if not is_comment or not isinstance(text, str) or not text.strip():
        raise bad_request("A comment needs the type comment and a text")
    return text
