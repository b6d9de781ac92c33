"""The connector's icon as PNG, of any size, for platforms that take no SVG: a magnifying glass. Drawn here."""

from __future__ import annotations

import math
import struct
import zlib

Colour = tuple[int, int, int, int]

_BLUE, _WHITE, _NONE = (38, 66, 180, 255), (255, 255, 255, 255), (255, 255, 255, 0)
# Each pixel is the mean of this many points squared, so that edges are smooth.
_POINTS = 4


def icon(width: int, height: int) -> bytes:
    """A PNG file with the icon in its middle, on a transparent ground."""
    size = min(width, height)
    left, top = (width - size) / 2, (height - size) / 2
    steps = [(step + 0.5) / _POINTS for step in range(_POINTS)]
    rows = bytearray()
    for row in range(height):
        rows.append(0)  # the row has no filter
        for column in range(width):
            points = [_colour((column + x - left) / size, (row + y - top) / size) for x in steps for y in steps]
            rows += bytes(sum(channel) // len(points) for channel in zip(*points))
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _colour(x: float, y: float) -> Colour:
    """Of a point of a square whose sides are 1 long."""
    if not (0 <= x <= 1 and 0 <= y <= 1):
        return _NONE
    corner = 0.18
    beyond = math.hypot(max(corner - x, x - 1 + corner, 0), max(corner - y, y - 1 + corner, 0))
    if beyond > corner:
        return _NONE
    from_lens = math.hypot(x - 0.43, y - 0.43)
    along, across = (x + y - 0.86) / math.sqrt(2), abs(x - y) / math.sqrt(2)
    is_ring, is_handle = 0.19 <= from_lens <= 0.27, 0.26 <= along <= 0.5 and across <= 0.05
    is_dot = from_lens <= 0.08
    return _WHITE if is_ring or is_handle or is_dot else _BLUE


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
