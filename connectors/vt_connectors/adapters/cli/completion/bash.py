"""The completion script for bash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .model import Place

_HEAD = """# bash completion of vtaction, printed by `vtaction completion bash`
_vtaction_files() {
    local name
    COMPREPLY=()
    # One name a line: names may have blanks and stars.
    while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "$1")
}
_vtaction() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at="" word words="" i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word == -* ]] && continue
        word=$at/${word//-/_}
        case $word in
"""


def bash_script(places: Sequence[Place]) -> str:
    """The script."""
    return "\n".join(_lines(places)) + "\n"


def _lines(places: Sequence[Place]) -> Iterator[str]:
    paths = [place.path for place in places if place.path]
    yield _HEAD.rstrip("\n")
    yield f"            {' | '.join(paths)}) at=$word ;;"
    yield "        esac"
    yield "    done"
    yield '    case "$at $prev" in'
    for place in places:
        yield from _values(place)
    yield "    esac"
    yield "    case $at in"
    for place in places:
        words = [*(name for name, _ in place.commands), *place.values]
        words += [flag for option in place.options for flag in option.flags]
        files = '[[ $cur == -* ]] || _vtaction_files "$cur"; ' if place.takes_files else ""
        yield f"        '{place.path}') {files}words='{' '.join(words)}' ;;"
    yield "    esac"
    yield '    COMPREPLY+=($(compgen -W "$words" -- "$cur"))'
    yield "}"
    yield "complete -o bashdefault -o filenames -F _vtaction vtaction"


def _values(place: Place) -> Iterator[str]:
    for option in place.options:
        if option.takes_value:
            pattern = " | ".join(f"'{place.path} {flag}'" for flag in option.flags)
            words = f"COMPREPLY=($(compgen -W '{' '.join(option.choices)}' -- \"$cur\"))"
            found = '_vtaction_files "$cur"' if option.takes_files else words
            yield f"        {pattern}) {found}; return ;;"
