"""Reads the options of our search commands before the SDK sees the search.

The SDK adds options to every command: one loads a logging configuration from a file that the search names, and Python
evaluates expressions in such a file; another records the session key. The SDK applies an option as soon as it reads
it. So the SDK gets no options, and its list of options is empty.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .chunks.protocol import Input, ProtocolError, Reply, write_reply
from .options import UsageError
from .sdk_import import Option, SearchCommand

# The fields of `searchinfo` that the SDK and this app read; without `args` and `raw_args`.
_PASSED_ON = (
    *("app", "command", "dispatch_dir", "earliest_time", "latest_time", "maxresultrows", "owner", "search"),
    *("session_key", "sid", "splunk_version", "splunkd_uri", "username"),
)
_LONGEST_SHOWN = 60
_NAME = re.compile("[a-z_]+")


def read_args(args: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The options of a search by name. Raises `UsageError`, whose message lists the valid `names`."""
    given: dict[str, str] = {}
    for arg in args:
        name, equals, value = arg.partition("=")
        if not equals:
            raise UsageError(f"{arg[:_LONGEST_SHOWN]!r} is not an option. {_written_as(names)}")
        if name not in names:
            raise UsageError(f"{_shown(name)}= is not an option of this command. {_written_as(names)}")
        if name in given:
            raise UsageError(f"{name}= is given twice. Write each option once")
        given[name] = value
    return given


def _written_as(names: Sequence[str]) -> str:
    return f"Options are written as name=value: {', '.join(f'{name}=' for name in names)}"


def _shown(name: str) -> str:
    return name if _NAME.fullmatch(name) and len(name) < _LONGEST_SHOWN else repr(name[:_LONGEST_SHOWN])


class _NoOptions:
    """A command without options, for the SDK's view of the options."""

    option_definitions = ()


class OwnOptions(SearchCommand):  # type: ignore[misc]  # splunklib has no types
    """`OPTIONS` are the names of all options. A command calls `own_options()` in `prepare`.

    Protocol version 1, which the SDK uses if the script is started with arguments, is not supported.
    """

    OPTIONS: ClassVar[tuple[str, ...]]

    _given: Mapping[str, str] | UsageError
    _input: Input

    def own_options(self) -> Mapping[str, str]:
        """The search's options by name. Raises `UsageError`."""
        if isinstance(self._given, UsageError):
            raise self._given
        return self._given

    @property
    def options(self) -> Any:
        """The SDK's view: empty, so the SDK sets none."""
        return Option.View(_NoOptions())

    def process(
        self, argv: Sequence[str] = (), ifile: Any = None, ofile: Any = None, allow_empty_input: bool = True
    ) -> None:
        """Read the search's `getinfo`, remove its options, and pass the rest to the SDK."""
        if len(argv) > 1:
            sys.stderr.write(f"{self.told_as}: started with arguments; commands.conf needs chunked = true for it\n")
            sys.exit(2)
        self._input = ifile
        try:
            getinfo = _getinfo(ifile)
            self._given = _options(getinfo["searchinfo"], self.OPTIONS)
        except ProtocolError as error:
            refuse_chunk(self.told_as, error, getattr(ofile, "buffer", ofile))
        passed_on = {name: value for name, value in getinfo["searchinfo"].items() if name in _PASSED_ON}
        frame = io.BytesIO()
        passed = {"action": "getinfo", "preview": getinfo.get("preview", False)}
        write_reply(frame, {**passed, "searchinfo": {**passed_on, "args": [], "raw_args": []}}, Reply(0, ()))
        frame.seek(0)
        super().process(argv, frame, ofile, allow_empty_input)

    @property
    def told_as(self) -> str:
        """The command's name, at the beginning of its messages."""
        return type(self).__name__.lower()


def refuse_chunk(told_as: str, error: ProtocolError, out: Any) -> None:
    """Report an invalid chunk as a message of the search, and exit; the SDK would only write to splunkd's log."""
    inspector = {"messages": [["ERROR", f"{told_as}: invalid data from splunkd: {error}"]]}
    write_reply(out, {"inspector": inspector, "finished": True}, Reply(0, ()))
    sys.exit(1)


def _getinfo(source: Input) -> Mapping[str, Any]:
    """Raises `ProtocolError`."""
    chunk = source.chunk()
    if chunk is None:
        raise ProtocolError("no getinfo chunk came")
    if chunk.metadata.get("action") != "getinfo" or not chunk.body.is_empty:
        raise ProtocolError(f"expected getinfo, not {str(chunk.metadata.get('action'))[:60]!r}")
    if not isinstance(chunk.metadata.get("searchinfo"), dict):
        raise ProtocolError("getinfo has no searchinfo")
    return chunk.metadata


def _options(searchinfo: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, str] | UsageError:
    """Raises `ProtocolError`."""
    args = searchinfo.get("args", [])
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        raise ProtocolError("args in searchinfo is not a list of strings")
    try:
        return read_args(args, names)
    except UsageError as error:
        return error
