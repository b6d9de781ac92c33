"""Builds the site: `python -m package.docs_site` writes dist/docs/. Start reading at index.html, also without a server.

Sphinx, Furo and MyST have their own environment, .venv-docs. Each warning is an error: a link or an anchor that leads
nowhere, a page that the navigation does not have, a heading that is skipped. Nothing is loaded from elsewhere.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from package.docs_site.outside import loads_from_elsewhere
from package.docs_site.pages import assemble
from package.spl.app_tree import read_version
from package.spl.build_error import BuildError
from package.tool_environment import DOCS, PROJECT, run


def build_site(out: Path, project: Path = PROJECT) -> Path:
    """Build the site into the folder `out`, which is emptied first, and return its start page. Raises `BuildError`."""
    python = DOCS.install()
    with tempfile.TemporaryDirectory(prefix="vt-docs-") as folder:
        sources, built = Path(folder) / "pages", Path(folder) / "site"
        assemble(project, sources)
        command = [str(python), "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--nitpicky"]
        command += ["--fresh-env", "--doctree-dir", f"{folder}/doctrees", "--conf-dir", str(Path(__file__).parent)]
        version = read_version(project)
        command += ["-D", f"release={version}", "-D", f"html_title=vt-connectors {version}"]
        run([*command, str(sources), str(built)])
        found = loads_from_elsewhere(built)
        if found:
            raise BuildError("the site would load from elsewhere:\n" + "\n".join(found))
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(built, out, ignore=shutil.ignore_patterns(".buildinfo"))
    return out / "index.html"


def main() -> int:
    """Parse the command line, build, and print the start page. Returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m package.docs_site", description="Build the documentation's site.")
    parser.add_argument("--out", type=Path, default=PROJECT / "dist/docs", help="the folder, which is emptied first")
    try:
        print(f"  wrote      {build_site(parser.parse_args().out)}")
    except BuildError as error:
        print(f"not built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
