"""Choices that look random, but are always the same for the same value."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def digest(seed: str, purpose: str) -> str:
    """64 hex digits fixed by `seed` and `purpose`."""
    return hashlib.sha256(f"{purpose}\n{seed}".encode("utf-8", "replace")).hexdigest()


def draw(seed: str, purpose: str, below: int) -> int:
    """A number from 0 to `below` - 1 fixed by `seed` and `purpose`."""
    return int(digest(seed, purpose)[:15], 16) % below


def pick(seed: str, purpose: str, options: Sequence[T]) -> T:
    """One of `options`, fixed by `seed` and `purpose`."""
    return options[draw(seed, purpose, len(options))]
