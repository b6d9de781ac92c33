"""Warns of a misspelt name in `trusted_engines` or `ignored_engines`, because it would have no effect.

VirusTotal publishes no list of its engines, and not every engine looks at each kind of object. So a name that an answer
lacks is only reported if the answer has a very similar one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..contract.nearest import nearest, plain
from ..contract.options import Options
from ..errors import printable
from ..log import logger
from ..threads import lock_of_process
from ..verdict.rule import BETWEEN, Rules

_LOG = logger("actions.engines")
# Of the 227 names in recorded responses, no two are more alike than 0.87 unless one begins with the other, like
# BitDefender and BitDefenderFalx.
_CUTOFF = 0.88
_LONGEST_SHOWN = 60
# Each caller of a server may send other names.
_MOST_NAMES = 200
_LOCK = lock_of_process()
# By name: the engines that it was compared with; None if it was found in an answer, or was reported.
_COMPARED: dict[str, set[str] | None] = {}


def warn_of_misspelt(rules: Rules, options: Options, opinions: Mapping[str, Any]) -> None:
    """Log each name of `rules` that `opinions` lack but have a similar one, once per process.

    `options`: those of the request; what they leave out is from the settings. `opinions` as `opinions_of` makes them.
    """
    trusted = "VT_TRUSTED_ENGINES" if options.trusted_engines is None else "options.trusted_engines"
    ignored = "VT_IGNORED_ENGINES" if options.ignored_engines is None else "options.ignored_engines"
    open_names = [
        (source, name)
        for source, names in ((trusted, rules.trusted), (ignored, rules.ignored))
        for name in sorted(names)
        if _COMPARED.get(name, _COMPARED) is not None
    ]
    if not open_names:
        return
    engines = {engine.casefold(): engine for engine in _engines(opinions)}
    for source, name in open_names:
        with _LOCK:
            meant = _meant(name, engines)
        if meant is not None:
            shown, like = (printable(text[:_LONGEST_SHOWN]) for text in (name, meant))
            _LOG.warning(
                "%s: '%s' is not the name of an engine in this answer; did you mean '%s'?", source, shown, like
            )


def _engines(opinions: Mapping[str, Any]) -> Iterator[str]:
    for names in opinions.values():
        yield from names.split(BETWEEN) if isinstance(names, str) else names


def _meant(name: str, engines: Mapping[str, str]) -> str | None:
    """The engine that `name` probably means; None if it is one, or like none that it was not compared with before."""
    compared = _COMPARED.get(name, set())
    if compared is None or (name not in _COMPARED and len(_COMPARED) >= _MOST_NAMES):
        return None
    new = [engine for key, engine in engines.items() if key not in compared]
    meant = None if name in engines else nearest(name, _without_variants(name, new), _CUTOFF)
    _COMPARED[name] = None if name in engines or meant is not None else compared.union(engines)
    return meant


def _without_variants(name: str, engines: Iterable[str]) -> Iterator[str]:
    """`engines` without those whose names begin with `name`, or the reverse: such are different products."""
    own = plain(name)
    for engine in engines:
        other = plain(engine)
        if other == own or not (other.startswith(own) or own.startswith(other)):
            yield engine
