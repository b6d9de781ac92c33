"""Makes the page that draws dashboards with Splunk's renderer: `python -m package.splunk_renderer.bundle`.

npm fetches the packages in pinned versions, for development only. These releases have the Apache licence, most others
do not; and nothing of them is committed or shipped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from package.exports import npm
from package.spl.build_error import BuildError

# All of Splunk's packages, because those that others need are not pinned by these. Later releases of some of them need
# packages that are not published, earlier ones have another licence.
_SPLUNKS = {
    "29.6.0": (
        *("dashboard-context", "dashboard-core", "dashboard-definition", "dashboard-event-handlers"),
        *("dashboard-icons", "dashboard-inputs", "dashboard-layouts", "dashboard-presets", "dashboard-search"),
        *("dashboard-state", "dashboard-telemetry", "dashboard-types", "dashboard-ui", "dashboard-utils"),
        *("dashboard-validation", "datasource-utils", "datasources"),
    ),
    "28.6.0": (
        *("async-dynamic-options-evaluator", "charting-bundle", "react-events-viewer", "react-field-summary"),
        *("visualization-canvas", "visualization-color-palettes", "visualization-context", "visualization-encoding"),
        *("visualization-icons", "visualization-migrations", "visualization-schemas", "visualizations"),
        "visualizations-shared",
    ),
    "28.9.0": ("visualization-themes",),
    "0.7.0": ("moment",),
    "5.15.0": ("react-icons",),
    "7.0.1": ("react-search",),
    "11.3.0": ("react-time-range",),
    "5.16.0": ("react-ui",),
    "3.1.0": ("search-job",),
    "3.4.0": ("splunk-utils",),
    "1.12.0": ("themes",),
    "3.4.1": ("time-range-utils",),
    "1.14.1": ("ui-utils",),
}
PACKAGES = {
    **{f"@splunk/{name}": version for version, names in _SPLUNKS.items() for name in names},
    "react": "18.3.1",
    "react-dom": "18.3.1",
    "react-is": "18.3.1",
    "styled-components": "5.3.11",
    "esbuild": "0.28.2",
}
LICENCE = "Apache-2.0"
_NAME = "splunk-renderer"
_PAGE = Path(__file__).with_name("page.js")
_LONGEST_S = 240


def bundle() -> Path:
    """The JavaScript file; made once for each set of versions. BuildError if npm or the registry refuses."""
    told = hashlib.sha256(_PAGE.read_bytes() + repr(PACKAGES).encode()).hexdigest()[:16]
    made = npm.CACHE / f"{_NAME}-{told}.js"
    if not made.is_file():
        modules = npm.installed_set(_NAME, PACKAGES)
        check_licences(modules)
        _build(modules, made)
    return made


def check_licences(modules: Path) -> None:
    """BuildError if one of Splunk's packages has another licence than Apache's, or another version than pinned."""
    for file in modules.glob("@splunk/*/package.json"):
        told = json.loads(file.read_text("utf-8"))
        if told.get("license") != LICENCE or PACKAGES.get(told["name"]) != told["version"]:
            raise BuildError(f"{told['name']} {told['version']} is not one of the pinned packages with {LICENCE}")


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
