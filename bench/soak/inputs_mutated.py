"""JSON documents with errors at random places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Callable, Union

from hypothesis import strategies as st

Place = tuple[Union[str, int], ...]
_DEEPEST_PLACE = 12
# In a large document most places are deep, but the important ones are near the top.
_NEAR_THE_TOP = 4
_NESTED = re.compile(r'"<nested (\d+)>"')
# Around Python's recursion limit, and far above it.
_DEPTHS = [5, 100, 500, *range(880, 1000, 4), 1100, 3000, 100_000]

ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 10**4000]),
    st.sampled_from([1.5, -0.0, 1e15, 1e308, -1e308, 5e-324, float("nan"), float("inf")]),
    st.sampled_from(
        ["", "0", "-1", "1e9", "NaN", "\x00", "\ud800", "\u202e", "\r\n", "\x1b[2J", "x" * 100_000, "{}%s"]
    ),
    st.sampled_from(_DEPTHS).map(lambda depth: f"<nested {depth}>"),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: {"": {"": [None]}}),
    st.integers(),
    st.text(max_size=20),
)
_MUTATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "replace": lambda value, odd: odd,
    "as text": lambda value, odd: str(value),
    "within a list": lambda value, odd: [value],
    "twice in a list": lambda value, odd: [value, odd],
    "within an object": lambda value, odd: {"data": value},
    "other sign": lambda value, odd: -value if isinstance(value, (int, float)) else odd,
    "list for object": lambda value, odd: list(value) if isinstance(value, (dict, str)) else odd,
    "one more key": lambda value, odd: {**value, "unheard of": odd} if isinstance(value, dict) else odd,
    "an odd row": lambda value, odd: [odd, *value] if isinstance(value, list) else odd,
}


@st.composite
def mutated(draw: st.DrawFn, documents: st.SearchStrategy[str]) -> Any:
    """A document of `documents` (JSON texts) after one to four mutations."""
    document = json.loads(draw(documents))
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(document))
        near = [place for place in found if len(place) <= _NEAR_THE_TOP]
        place = draw(st.sampled_from(draw(st.sampled_from([near, found]))))
        mutation = draw(st.sampled_from([*_MUTATIONS, "delete", "delete"]))
        document = _done(document, place, mutation, draw(ODD))
    return document


def places(document: Any) -> Iterator[Place]:
    """The places of all subtrees, beginning with the document itself."""
    left: list[tuple[Place, Any]] = [((), document)]
    while left:
        place, value = left.pop()
        yield place
        if len(place) < _DEEPEST_PLACE and isinstance(value, (dict, list)):
            rows = value.items() if isinstance(value, dict) else enumerate(value)
            left.extend(((*place, step), inner) for step, inner in rows)


def _done(document: Any, place: Place, mutation: str, odd: Any) -> Any:
    if not place:
        return odd if mutation == "delete" else _MUTATIONS[mutation](document, odd)
    holder = document
    for step in place[:-1]:
        holder = holder[step]
    if mutation == "delete":
        del holder[place[-1]]
    else:
        holder[place[-1]] = _MUTATIONS[mutation](holder[place[-1]], odd)
    return document


def text_of(document: Any) -> str:
    """As JSON, with NaN as Python writes it, and with nesting that is deeper than Python can represent."""
    return _NESTED.sub(lambda found: "[" * int(found[1]) + "]" * int(found[1]), json.dumps(document))
