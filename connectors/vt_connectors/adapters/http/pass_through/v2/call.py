"""A call of API v2: its name and parameters. The client's token is the parameter `apikey`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .....actions.file_sample import ReceivedFile
from ...messages import Call, Refused
from ...token_text import refuse_tokens
from ..forms import read_form

BASE = "/vtapi/v2/"
# Below this are the addresses that clients get for one upload each.
UPLOADS = "file/scan/upload/"
_APIKEY = "apikey"
_SCAN_ID = re.compile(r"[0-9a-fA-F]{64}-[0-9]{1,12}")


class V2Call(NamedTuple):
    """`name`: for example `file/report`. `values`: the parameters of query and form, without the token. `file`: of the
    form. `ticket`: of an address for one upload.
    """

    name: str
    values: dict[str, str]
    file: ReceivedFile | None = None
    ticket: str = ""

    def required(self, param: str) -> str:
        """Raises `Refused` with status 400."""
        value = self.values.get(param, "").strip()
        if not value:
            raise Refused(400, "parameter", f"the parameter {param} is missing")
        return value

    def several(self, param: str, separator: str, most: int) -> list[str]:
        """The values of a parameter that may have `most` of them. Raises `Refused` with status 400."""
        parts = [part.strip() for part in self.required(param).split(separator)]
        found = [part for part in parts if part]
        if not 0 < len(found) <= most:
            raise Refused(400, "parameter", f"{param} has {len(found)} values; 1 to {most} are accepted")
        return found

    def has(self, param: str) -> bool:
        """Whether a parameter that is 0 or 1 is set."""
        return self.values.get(param, "").strip().lower() not in ("", "0", "false")


def token_in(call: Call) -> str | None:
    """The token in the query, else in the form. Raises `Refused` for a malformed call."""
    return _token_of(_given_in_query(call)) or _token_of(read_form(call).values)


def read_call(call: Call) -> V2Call:
    """Raises `Refused` for a malformed call, and if a token is anywhere else too: it must not be sent further."""
    form = read_form(call)
    given = [*_given_in_query(call), *form.values]
    token = _token_of(given) or ""
    values = {name: value for name, value in given if name != _APIKEY}
    refuse_tokens([values, form.file.name if form.file is not None else ""], token)
    name, ticket = call.path[len(BASE) :], ""
    if name.startswith(UPLOADS):
        name, ticket = UPLOADS, name[len(UPLOADS) :]
    return V2Call(name, values, form.file, ticket)


def is_scan_id(resource: str) -> bool:
    """Whether `resource` is `<sha256>-<time>`, as VirusTotal names a scan."""
    return _SCAN_ID.fullmatch(resource) is not None


def _token_of(given: Iterable[tuple[str, str]]) -> str | None:
    tokens = {value for name, value in given if name == _APIKEY and value}
    if len(tokens) > 1:
        raise Refused(400, "token", "apikey is given with two different values; give it once")
    return next(iter(tokens), None)


def _given_in_query(call: Call) -> list[tuple[str, str]]:
    try:
        return call.query_values
    except ValueError:
        raise Refused(400, "query", "the query has too many parameters") from None
