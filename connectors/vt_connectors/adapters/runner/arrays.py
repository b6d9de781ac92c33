"""A JSON array of requests: all of it is executed, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from .document import Document, refused_whole

# More requests in one array would take minutes and hundreds of megabytes of answers at once. One a line they may go on
# for ever.
MOST_REQUESTS = 20_000


def requests_in(document: Document) -> Iterator[Document]:
    """The document itself; of an array each element, in order.

    One that has no request in it, or something that is not an object, is one refusal, and none of it is executed.
    """
    if not isinstance(document.value, list):
        yield document
        return
    why = _why_not(document.value)
    if why is None:
        yield from (Document(document.line, value) for value in document.value)
    else:
        yield refused_whole(document.line, why)


def _why_not(array: list[object]) -> str | None:
    if not array:
        return "is empty"
    if len(array) > MOST_REQUESTS:
        return f"has {len(array)} requests; {MOST_REQUESTS} is the most: write one a line, without the array"
    wrong = next((place for place, value in enumerate(array, 1) if not isinstance(value, dict)), None)
    return None if wrong is None else f"has an element that is no object (the one at place {wrong})"
