"""PNG files that are small enough for the repository."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

_COLOURS = 128


def compress(path: Path) -> None:
    """Rewrite the picture with a palette, which is enough for flat colours."""
    with Image.open(path) as picture:
        smaller = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    smaller.save(path, optimize=True)
