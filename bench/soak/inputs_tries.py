"""Hypothesis, counted: each example is a try, and one that goes wrong is a loss and not the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.soak.drill import Effort, Tally

T = TypeVar("T")
_MOST_SHOWN = 1500


def try_all(
    tally: Tally, effort: Effort, tries: int, values: st.SearchStrategy[T], wrong: Callable[[T], Iterable[str]]
) -> None:
    """`wrong` says what is wrong with what came of a value. It may raise: that is a loss too."""

    @hypothesis.seed(effort.seed)
    @settings(
        max_examples=tries,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(values)
    def each(value: T) -> None:
        losses = found(wrong, value)
        tally.count(*(f"{loss}; with {shown(value)} (seed {effort.seed}, try {tally.tried + 1})" for loss in losses))

    each()


def drawn(effort: Effort, tries: int, values: st.SearchStrategy[T]) -> list[T]:
    """The values alone, for who needs all of them at once."""
    kept: list[T] = []

    def keep(value: T) -> list[str]:
        kept.append(value)
        return []

    try_all(Tally("", ""), effort, tries, values, keep)
    return kept


def found(wrong: Callable[[T], Iterable[str]], value: T) -> list[str]:
    try:
        return list(wrong(value))
    except Exception as error:
        return [f"raised {type(error).__name__}: {str(error)[:300]}"]


def shown(value: object) -> str:
    try:
        text = ascii(value)
    except RecursionError:
        return f"a {type(value).__name__} nested too deep to be shown"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}... ({len(text)} characters)"
