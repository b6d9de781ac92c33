"""`| vtrelated`: the objects that are related to one indicator, one event for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..object_fields import NAMED, WHOLE, fields_of
from ..options import UsageError, boolean, count
from ..result_fields import PREFIX
from ..sdk_import import Configuration
from .base import Row
from .one_request import OneRequest
from .report import INDICATOR, TYPES

_DEFAULT_LIMIT, _MOST = 40, 1000
# Of resolutions.
_PAIR = ("host", "ip")
_NAME = re.compile("[a-z][a-z0-9_]{0,63}")


@Configuration(type="reporting")
class VtRelated(OneRequest):
    """With `full=true`, each with its verdict and report."""

    OPTIONS = ("value", "relationship", "type", "limit", "full", "wait", "confirm")

    def read_options(self, given: Mapping[str, str]) -> None:
        value, kind = given.get("value", "").strip(), given.get("type", "").strip().lower()
        name = given.get("relationship", "").strip().lower()
        if not value or not name:
            raise UsageError("value= must be an indicator, and relationship= a name such as subdomains")
        if not _NAME.fullmatch(name):
            raise UsageError(f"relationship={name[:60]!r}: the name of a relationship, such as subdomains")
        if "type" in given and kind not in TYPES:
            raise UsageError(f"type={given['type']!r}: one of {', '.join(TYPES)}, or leave it out")
        limit = count("limit", given.get("limit"), _DEFAULT_LIMIT, _MOST)
        params = {"indicator": value, "relationship": name, "limit": limit, "full": boolean("full", given.get("full"))}
        self._request = {"action": "relationships", "params": {**params, **({"type": kind} if kind else {})}}
        self.read_wait(given)

    def found(self, data: Mapping[str, Any]) -> Iterator[Row]:
        return (self._row(row) for row in data["related"])

    def empty(self) -> Row:
        return self._row({})

    def _row(self, row: Mapping[str, Any]) -> Row:
        from vt_connectors.indicators import shown_without_credentials

        params = self._request["params"]
        told: Row = {
            INDICATOR: shown_without_credentials(params["indicator"]),
            f"{PREFIX}relationship": params["relationship"],
        }
        return {**told, **fields_of(row, (*(WHOLE if params["full"] else NAMED), *_PAIR))}
