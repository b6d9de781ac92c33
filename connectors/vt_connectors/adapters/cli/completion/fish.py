"""The completion script for fish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .model import Option, Place

_HEAD = """# fish completion of vtaction, printed by `vtaction completion fish`
function __vtaction_at
    set -l at ''
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; and continue
        set word $at/(string replace -a -- - _ $word)
        switch $word
"""


def fish_script(places: Sequence[Place]) -> str:
    """The script."""
    return "\n".join(_lines(places)) + "\n"


def _lines(places: Sequence[Place]) -> Iterator[str]:
    paths = [place.path for place in places if place.path]
    yield _HEAD.rstrip("\n")
    yield f"            case {' '.join(paths)}"
    yield "                set at $word"
    yield "        end"
    yield "    end"
    yield "    echo $at"
    yield "end"
    yield "complete -c vtaction -f"
    for place in places:
        condition = f"-n 'test (__vtaction_at) = \"{place.path}\"'"
        begin = f"complete -c vtaction {condition}"
        for name, title in place.commands:
            yield f"{begin} -a {name} -d {_quoted(title)}"
        if place.values:
            yield f"{begin} -a {_quoted(' '.join(place.values))}"
        if place.takes_files:
            yield f"{begin} -F"
        for option in place.options:
            yield from (f"{begin} -l {flag[2:]}{_value(option)} -d {_quoted(option.about)}" for flag in option.flags)


def _value(option: Option) -> str:
    if not option.takes_value:
        return ""
    if option.takes_files:
        return " -rF"
    return f" -xa {_quoted(' '.join(option.choices))}" if option.choices else " -x"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
