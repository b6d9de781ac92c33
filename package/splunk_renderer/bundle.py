"""Makes the page that draws dashboards with Splunk's renderer: `python -m package.splunk_renderer.bundle`.

npm fetches the packages in pinned versions, for development only. These releases have the Apache licence, most others
do not; and nothing of them is committed or shipped.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from package.exports import npm
from package.spl.build_error import BuildError

# Later releases of the first four need packages that are not published; React and styled-components as these use them.
PACKAGES = {
    "@splunk/dashboard-core": "29.6.0",
    "@splunk/dashboard-context": "29.6.0",
    "@splunk/dashboard-presets": "29.6.0",
    "@splunk/dashboard-state": "29.6.0",
    "@splunk/visualization-context": "28.6.0",
    "@splunk/themes": "1.12.0",
    "react": "18.3.1",
    "react-dom": "18.3.1",
    "react-is": "18.3.1",
    "styled-components": "5.3.11",
    "esbuild": "0.28.2",
}
_NAME = "splunk-renderer"
_PAGE = Path(__file__).with_name("page.js")
_LONGEST_S = 240


def bundle() -> Path:
    """The JavaScript file; made once for each set of versions. BuildError if npm or the registry refuses."""
    told = hashlib.sha256(_PAGE.read_bytes() + repr(PACKAGES).encode()).hexdigest()[:16]
    made = npm.CACHE / f"{_NAME}-{told}.js"
    if not made.is_file():
        _build(npm.installed_set(_NAME, PACKAGES), made)
    return made


def _build(modules: Path, made: Path) -> None:
    with tempfile.TemporaryDirectory(dir=modules.parent) as folder:
        # Beside the packages, because esbuild looks for them above the file.
        page, out = Path(folder) / "page.js", Path(folder) / "out.js"
        shutil.copyfile(_PAGE, page)
        command = ["node", str(modules / "esbuild/bin/esbuild"), str(page), "--bundle", f"--outfile={out}"]
        command += ["--minify-whitespace", "--minify-syntax", "--format=iife", "--log-level=error", "--jsx=automatic"]
        command += ['--define:process.env.NODE_ENV="production"', "--define:global=window"]
        command += [f"--loader:.{kind}=dataurl" for kind in ("svg", "png", "gif", "woff", "woff2", "ttf", "eot")]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST_S)
        if result.returncode:
            raise BuildError(f"esbuild could not bundle Splunk's renderer:\n{result.stderr.strip()}")
        out.replace(made)


def main() -> int:
    """Make it. Returns the exit status, 0 or 1."""
    try:
        print(bundle())
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
