"""What the pages about these platforms show is what comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import page
from tests.docs.shown import difference, documents
from tests.soar.outcomes import EICAR
from vt_connectors.sandbox import SandboxServer

from .cortex_process import Cortex
from .misp_server import misp_modules
from .sensoroni import sensoroni
from .setting import Setting, setting


@pytest.fixture
def here(sandbox: SandboxServer, tmp_path: Path) -> Setting:
    return setting(sandbox, tmp_path)


def _shown(name: str) -> Any:
    """The only JSON of the page."""
    [block] = page(f"docs/platforms/{name}.md").of("json")
    [document] = documents(block.text)
    return document


def test_the_page_about_cortex(here: Setting) -> None:
    assert difference(_shown("thehive-cortex"), Cortex(here).run("Lookup", "hash", EICAR).document) is None


def test_the_page_about_misp(here: Setting) -> None:
    with misp_modules(here) as server:
        assert difference(_shown("misp"), server.ask("md5", EICAR, to_ids=True)) is None


def test_the_page_about_security_onion(here: Setting) -> None:
    agent = sensoroni(here, {}, with_package=True)
    blocks = page("docs/platforms/security-onion.md").of("text")
    shown = [documents(line)[0] for block in blocks for line in block.text.splitlines() if line.startswith("{")]
    came = [agent.analyze({"artifactType": "hash", "value": value}) for value in (EICAR, "../users/me")]
    assert difference(shown, came) is None
