"""docs/platforms.md says what each outcome is on each platform, and the contract suite tests just that."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import tests.soar
from package.docs_tables import COMMAND, with_table
from vt_connectors.adapters.soar.outcome import OUTCOMES

from .codec_contract import CodecContract

PAGE = Path(__file__).resolve().parents[2] / "docs/platforms.md"


def table() -> str:
    """The table, from the test classes of the codecs. `make tables` writes it into the page."""
    for module in pkgutil.iter_modules(tests.soar.__path__):
        importlib.import_module(f"tests.soar.{module.name}")
    rows = [f"| platform | {' | '.join(name.replace('_', ' ') for name in OUTCOMES)} |", "|---" * 10 + "|"]
    for codec in sorted(CodecContract.__subclasses__(), key=lambda codec: codec.PLATFORM.lower()):
        rows.append(f"| {codec.PLATFORM} | {' | '.join(codec.MEANS[name] for name in OUTCOMES)} |")
    return "\n".join(rows)


def written() -> str:
    """The page with its table as it is to be."""
    return with_table(PAGE.read_text("utf-8"), table())


def test_the_table_is_what_the_codecs_do() -> None:
    assert PAGE.read_text("utf-8") == written(), f"the table is not what the codecs do: `{COMMAND}` writes it"


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
