"""Comments on items."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from .data.catalogue import catalogue
from .data.deterministic import digest
from .data.kinds import Item
from .data.web_attributes import REFERENCE_TIME
from .errors import already_exists, bad_request, forbidden, not_found
from .http.messages import JsonObject

_TAG = re.compile(r"(?:^|(?<=\s))#(\w+)")
_DAY_S = 86400
COMMENT_VOTES = ("positive", "negative", "abuse")


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
        self._posted: dict[Item, int] = {}  # with the deleted ones, so that no id returns
        self._votes: dict[str, dict[str, str]] = {}  # by comment and key
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

    def all_newest_first(self) -> list[Comment]:
        """The comments on all items."""
        with self._lock:
            found = [comment for comments in self._by_item.values() for comment in comments]
        return sorted(found, key=lambda comment: -comment.date)

    def find(self, ident: str) -> Comment:
        """The comment with an id. ApiError 404 if there is none."""
        with self._lock:
            return self._find(ident)[1]

    def delete(self, ident: str, key: str) -> None:
        """Remove a comment. ApiError: 404 if there is none, 403 if another key posted it."""
        with self._lock:
            comments, comment = self._find(ident)
            if comment.author != key:
                raise forbidden()
            comments.remove(comment)

    def vote(self, ident: str, vote: str, key: str) -> dict[str, int]:
        """Vote on a comment, in place of an earlier vote with the same key. Returns the counts; ApiError 404."""
        with self._lock:
            self._find(ident)
            self._votes.setdefault(ident, {})[key] = vote
        return self.votes_on(ident)

    def votes_on(self, ident: str) -> dict[str, int]:
        """The counts of positive, negative and abuse votes on a comment."""
        with self._lock:
            votes = list(self._votes.get(ident, {}).values())
        return {name: votes.count(name) for name in COMMENT_VOTES}

    def _find(self, ident: str) -> tuple[list[Comment], Comment]:
        for comments in self._by_item.values():
            for comment in comments:
                if comment.id == ident:
                    return comments, comment
        raise not_found(f'Comment "{ident}" not found')

    def _append(self, item: Item, text: str, author: str | None, date: int) -> Comment:
        comments = self._by_item.setdefault(item, [])
        number = self._posted.get(item, 0)
        self._posted[item] = number + 1
        tail = digest(f"{item.id}/{number}/{text}", "comment")[:8]
        comments.append(Comment(f"{item.kind.letter}-{item.id}-{tail}", text, author, date))
        return comments[-1]


def comment_object(comment: Comment, self_link: str, votes: Mapping[str, int]) -> JsonObject:
    """The JSON of a comment; words after `#` are its tags."""
    return {
        "type": "comment",
        "id": comment.id,
        "links": {"self": self_link},
        "attributes": {
            "date": comment.date,
            "text": comment.text,
            "html": html.escape(comment.text),
            "tags": tags_of(comment),
            "votes": dict(votes),
        },
    }


def tags_of(comment: Comment) -> list[str]:
    """The tags of a comment in lower case."""
    return list(dict.fromkeys(tag.lower() for tag in _TAG.findall(comment.text)))


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
