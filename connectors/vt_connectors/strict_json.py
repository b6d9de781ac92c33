"""JSON as defined by its standard. Python by default also reads and writes NaN and infinities."""

from __future__ import annotations

import json
import math

from .light_typing import Any, Callable

_LONGEST_SHOWN = 40


def loads(text: str) -> Any:
    """Raises `ValueError`, and `RecursionError` if the text is nested too deep."""
    return _decoded(_decode, text)


def loads_once(text: str) -> Any:
    """Like `loads`, but refuses an object with the same name twice: which value holds would depend on the reader."""
    return _decoded(_decode_once, text)


def loads_finite(text: str) -> Any:
    """Like `loads`, but refuses numbers that are too large for a float, because they could not be written again."""
    return _decoded(_decode_finite, text)


def dumps(value: Any) -> str:
    """One line of ASCII. Raises `ValueError`, `TypeError` or `RecursionError` if JSON cannot express the value."""
    return _encode(value)


def _decoded(decode: Callable[[str], Any], text: str) -> Any:
    try:
        return decode(text)
    except ValueError as error:
        # Python's own text names one of its functions.
        if "int_max_str_digits" not in str(error):
            raise
        raise ValueError("a number has too many digits") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        # A part of a longer one could be a part of a key, which is not recognised.
        shown = repr(twice) if len(twice) <= _LONGEST_SHOWN else f"a name of {len(twice)} characters"
        raise ValueError(f"an object has {shown} twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


# Made once, because `json.loads` and `json.dumps` make one for each call with such options.
_decode = json.JSONDecoder(parse_constant=_no_number).decode
_decode_once = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_each_once).decode
_decode_finite = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite).decode
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
