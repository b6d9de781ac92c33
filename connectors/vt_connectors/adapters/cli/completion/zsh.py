"""The completion script for zsh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .model import Option, Place

_HEAD = """#compdef vtaction
# zsh completion of vtaction, printed by `vtaction completion zsh`
_vtaction() {
    local at= word prev=${words[CURRENT-1]} i
    local -a items
    for ((i = 2; i < CURRENT; i++)); do
        [[ ${words[i]} == -* ]] && continue
        word=$at/${words[i]//-/_}
        case $word in
"""
_TAIL = """    _describe -V vtaction items
}
if [[ ${funcstack[1]} == _vtaction ]]; then
    _vtaction "$@"
else
    compdef _vtaction vtaction
fi
"""


def zsh_script(places: Sequence[Place]) -> str:
    """The script, for `source` and for a folder in `$fpath`."""
    return "\n".join(_lines(places)) + "\n" + _TAIL


def _lines(places: Sequence[Place]) -> Iterator[str]:
    paths = [place.path for place in places if place.path]
    yield _HEAD.rstrip("\n")
    yield f"            ({' | '.join(paths)}) at=$word ;;"
    yield "        esac"
    yield "    done"
    yield '    case "$at $prev" in'
    for place in places:
        yield from (_values(place, option) for option in place.options if option.takes_value)
    yield "    esac"
    yield "    case $at in"
    for place in places:
        items = [*place.commands, *((value, "") for value in place.values)]
        items += [(flag, option.about) for option in place.options for flag in option.flags]
        files = "[[ $PREFIX == -* ]] || _files; " if place.takes_files else ""
        yield f"        ('{place.path}') {files}items=({' '.join(_item(*item) for item in items)}) ;;"
    yield "    esac"


def _values(place: Place, option: Option) -> str:
    pattern = " | ".join(_quoted(f"{place.path} {flag}") for flag in option.flags)
    what = "_files" if option.takes_files else f"compadd -- {' '.join(option.choices)}" if option.choices else ":"
    return f"        ({pattern}) {what}; return ;;"


def _item(name: str, about: str) -> str:
    text = about.replace("\\", "\\\\").replace(":", "\\:")
    return _quoted(f"{name}:{text}" if text else name)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
