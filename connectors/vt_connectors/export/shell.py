"""A request plan as shell text, for sh, curl and python3.

Every user of a machine can read the arguments of its processes, so none contains the key: `printf`, which is built
into the shell and not a process, writes `$VT_API_KEY` into a pipe. curl reads it there as a header (`--header @-`),
as a form field that curl encodes (`--data-urlencode apikey@-`), or as a part (`--form 'apikey=<-'`). A configuration
on stdin (`--config -`) has its own quoting rules; it is only used for the call with the key in its path. All other
values are quoted for a POSIX shell.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import groupby
from urllib.parse import urlencode

from ..quick_imports import pattern
from .plan_action import KEY, Call, Calls, Captured, Check, Value

_CURL = "curl --silent --show-error"
_HEADER = r"""printf 'x-apikey: %s\n' "$VT_API_KEY" | """
_BARE = """printf %s "$VT_API_KEY" | """
_SHOW = """printf '%s\\n' "$answer\""""
_ROUNDS, _PAUSE_S = 15, 20
_PLAIN_PATH = pattern(r"[A-Za-z0-9._/-]+")


class Script:
    """Calls to the server at `base_url` as shell text."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def text(self, calls: Calls) -> str:
        """The calls in order, each with a comment; the last response goes to stdout."""
        return "\n".join(self._lines(calls, 1 if len(calls) > 1 else 0)) + "\n"

    def _lines(self, calls: Calls, number: int) -> Iterator[str]:
        call, rest = calls[0], calls[1:]
        yield f"# {number}. {call.about}" if number else f"# {call.about}"
        command = self._command(call)
        if call.on_if:
            yield f"answer=$({command}) &&"
            yield f"if {_test(call.on_if)}; then"
            yield from self._lines(rest, number + 1)
            yield "else"
            yield _SHOW
            yield "fi"
            return
        if call.until:
            yield f"for round in {' '.join(str(round) for round in range(1, _ROUNDS + 1))}; do"
            yield f"  sleep {_PAUSE_S}"
            yield f"  answer=$({command})"
            yield f"  {_test(call.until)} && break"
            yield "done || { echo 'the scan has not finished yet; try again later' >&2; false; } &&"
            yield from () if rest else (_SHOW,)
        elif call.captures:
            yield f"{call.captures.name}=$({command} | {_pick(call.captures)}) &&"
        else:
            yield command
        if rest:
            yield from self._lines(rest, number + 1)

    def _command(self, call: Call) -> str:
        url = call.url(self._base_url)
        if KEY in url:
            return _with_key_in_path(url)
        place = call.endpoint.key
        words = [(_HEADER if place == "header" else _BARE) + _CURL]
        if place == "header":
            words.append("--header @-")
        elif place == "multipart":
            words.append("--form 'apikey=<-'")
        else:
            words.append("--get --data-urlencode apikey@-" if place == "query" else "--data-urlencode apikey@-")
        if call.endpoint.method not in ("GET", "POST"):
            # curl chooses between these two by itself.
            words.append(f"--request {call.endpoint.method}")
        words += _body(call)
        if any(char in "[]{}" for char in self._base_url) or call.address:
            words.append("--globoff")
        words.append(self._address(url))
        return " ".join(words)

    def _address(self, url: tuple[Value, ...]) -> str:
        if len(url) == 1 and isinstance(url[0], Captured):
            # VirusTotal's own example of such a URL is plain http; the key must not be sent over it.
            name = url[0].name
            return f'"https://${{{name}#*://}}"' if self._base_url.startswith("https:") else f'"${name}"'
        return _word(url)


def _body(call: Call) -> Iterator[str]:
    if call.file:
        yield f"--form {shlex.quote(_file_part(call.file.path, call.file.name))}"
    for name, value in call.fields:
        if call.file:
            yield f"--form-string {_word((f'{name}=', value))}"
        elif isinstance(value, str) and not value.isprintable():
            # Control characters are shown encoded.
            yield f"--data-raw {shlex.quote(urlencode([(name, value)]))}"
        else:
            yield f"--data-urlencode {_word((f'{name}=', value))}"
    if call.body is not None:
        yield f"--header 'Content-Type: application/json' --data-raw {shlex.quote(call.body)}"
    elif call.endpoint.method == "POST" and not call.file and not call.fields:
        # An empty POST needs a length, because some servers refuse it otherwise.
        yield "--data ''"


def _word(parts: tuple[Value, ...]) -> str:
    """One shell word of text and variables."""
    words = []
    for is_text, run in groupby(parts, lambda part: isinstance(part, str)):
        if is_text:
            words.append(shlex.quote("".join(str(part) for part in run)))
        else:
            words += [f'"${part.name}"' for part in run if isinstance(part, Captured)]
    return "".join(words)


def _with_key_in_path(url: tuple[Value, ...]) -> str:
    words = ['"$VT_API_KEY"' if part == KEY else shlex.quote(_in_config(str(part))) for part in url if part]
    form = rf"""'url = "{"%s" * len(words)}"\nheader = "x-apikey: %s"\n'"""
    return f'printf {form} {" ".join(words)} "$VT_API_KEY" | {_CURL} --globoff --config -'


def _in_config(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _file_part(path: str, name: str) -> str:
    path = f"./{path}" if path.startswith("-") else path
    shown = path if _PLAIN_PATH.fullmatch(path) else f'"{_in_config(path)}"'
    return f"file=@{shown}" + ("" if path.rpartition("/")[2] == name else f';filename="{name}"')


def _pick(learned: Captured) -> str:
    """A command that prints a value of a response; without the value it prints the response to stderr and fails."""
    path = "".join(f'["{name}"]' for name in learned.path)
    program = (
        'import json, sys; answer = json.loads(sys.stdin.read() or "{}"); '
        f'print(answer{path}) if "{learned.path[0]}" in answer else sys.exit(answer)'
    )
    return f"python3 -c {shlex.quote(program)}"


def _test(check: Check) -> str:
    """A shell test whether `$answer` passes `check`."""
    path = "".join(f'.get("{name}", {{}})' for name in check.path[:-1]) + f'.get("{check.path[-1]}", "")'
    program = f'import json, sys; print(json.loads(sys.stdin.read() or "{{}}"){path})'
    found = f'"$(printf %s "$answer" | python3 -c {shlex.quote(program)})"'
    return f"[ {found} = {shlex.quote(check.value)} ]" if check.value else f"[ -n {found} ]"
