"""Writes the InsightConnect plugin; Rapid7's generator, if it is installed, adds the schemas and the help."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import yaml

from package.spl.build_error import BuildError

from ..embedding import CLIENT, embedded
from ..manifest import Action, Manifest
from .referee import TOOL
from .spec import NAME, offered, spec

_PLUGIN = Path(__file__).parent / "plugin"
_ICON = Path(__file__).resolve().parents[3] / "splunk_app/static/appIcon_2x.png"
_LONGEST_S = 300
_ACTION = """\
import insightconnect_plugin_runtime
from icon_{plugin}.util.steps import run

from .schema import {name}Input, {name}Output, Component


class {name}(insightconnect_plugin_runtime.Action):
    def __init__(self):
        super().__init__(
            name="{action}",
            description=Component.DESCRIPTION,
            input={name}Input(),
            output={name}Output(),
        )

    def run(self, params={{}}):
        return run(self.connection.client, "{action}", params)
"""


def build(manifest: Manifest, out: Path) -> Path:
    """The folder of the plugin. BuildError if the generator refuses the specification."""
    plugin = write(manifest, out)
    if TOOL.is_installed():
        _complete(plugin)
    return plugin


def write(manifest: Manifest, out: Path) -> Path:
    """The folder with the specification and our code."""
    plugin = out / NAME
    plugin.mkdir(parents=True)
    text = yaml.safe_dump(spec(manifest), sort_keys=False, allow_unicode=True, width=120)
    (plugin / "plugin.spec.yaml").write_text(text, "utf-8")
    _write_ours(manifest, plugin)
    return plugin


def _complete(plugin: Path) -> None:
    """Add the schemas, the help, and all else that the generator makes of the specification."""
    command = [str(TOOL.program("insight-plugin")), "refresh"]
    try:
        ended = subprocess.run(
            command,
            cwd=plugin,
            env=TOOL.environment(),
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"insight-plugin did not end in {_LONGEST_S} s") from None
    if ended.returncode or not (plugin / "help.md").is_file():
        raise BuildError(f"insight-plugin refuses the specification: {(ended.stdout + ended.stderr)[-1500:]}")
    # Its tests are placeholders that fail.
    shutil.rmtree(plugin / "unit_test", ignore_errors=True)


def _write_ours(manifest: Manifest, plugin: Path) -> None:
    code = plugin / f"icon_{NAME}"
    shutil.copytree(_PLUGIN, code, ignore=shutil.ignore_patterns("__pycache__"))
    client = embedded((*CLIENT, "insightconnect"), "A client of the server, and what its responses mean to a step.")
    (code / "util/client.py").write_text(client, "utf-8")
    for action in offered(manifest):
        folder = code / f"actions/{action.name}"
        folder.mkdir(parents=True)
        (folder / "action.py").write_text(_action_source(action), "utf-8")
    for name in ("icon.png", "extension.png"):
        shutil.copy(_ICON, plugin / name)


def _action_source(action: Action) -> str:
    name = "".join(word.capitalize() for word in action.name.split("_"))
    return _ACTION.format(plugin=NAME, name=name, action=action.name)
