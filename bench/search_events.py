"""The events of the measurement, in the form of bodies from splunkd."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from package.splunkd_driver.csv_body import encode_body
from package.splunkd_driver.selected_fields import FieldSelection

DISTINCT = 2_000
_FIELD = "md5"
_RAW = (
    '2026-02-03T04:05:{second:02d}Z pc-{host:03d} sensor[4711]: action="create", '
    'image="C:\\\\Program Files\\\\App {number}\\\\app.exe", user="CORP\\\\u{host}", md5={md5}'
)


def bodies(events: int, chunk: int, *, selected: bool) -> Iterator[bytes]:
    """Events with ten fields, some of them quoted, like `_raw` always is; `selected`: only the requested field."""
    selection = FieldSelection([_FIELD] if selected else None)
    for begin in range(0, events, chunk):
        records = [_event(number) for number in range(begin, min(begin + chunk, events))]
        yield selection.encode(records, list(records[0]))


def distinct_body() -> bytes:
    """Each hash once."""
    return encode_body([_FIELD], [{_FIELD: _md5(number)} for number in range(DISTINCT)])


def _event(number: int) -> dict[str, str]:
    md5, host = _md5(number * 7 % DISTINCT), number % 250
    return {
        "_time": f"{1_770_000_000 + number}.{number % 1000:03d}",
        "host": f"pc-{host:03d}",
        "source": "/var/log/endpoint/process.log",
        "sourcetype": "endpoint:process",
        "index": "endpoint",
        "user": f"CORP\\u{host}",
        "image": f"C:\\Program Files\\App {number % 97}\\app.exe",
        _FIELD: md5,
        "pid": str(1000 + number % 30_000),
        "_raw": _RAW.format(second=number % 60, host=host, number=number % 97, md5=md5),
    }


def _md5(number: int) -> str:
    return hashlib.md5(b"event %d" % number, usedforsecurity=False).hexdigest()
