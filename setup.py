"""Distribution `vt-connectors`: the core, its runner and its schemas."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "connectors/version.py").read_text("utf-8"))
assert VERSION is not None, "connectors/version.py names no version"

setup(
    name="vt-connectors",
    version=VERSION.group(1),
    description="VirusTotal for Splunk and every SOAR platform: one cache and one quota for all processes",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.9",
    packages=[*find_packages(include=["connectors", "connectors.*"]), "connectors.schemas"],
    package_dir={"connectors": "connectors", "connectors.schemas": "schemas"},
    package_data={"connectors": ["py.typed"], "connectors.schemas": ["*.json", "actions/*.json"]},
    install_requires=[
        "requests>=2.32,<3",
        "cachetools>=5.3",
        "jsonschema>=4.17",
        "idna>=3.7",
        "platformdirs>=4",
        "rich>=13",
    ],
    extras_require={"splunk": ["splunk-sdk>=2.1.1,<3"], "redis": ["redis>=5,<9"]},
    entry_points={"console_scripts": ["vtaction = connectors.adapters.terminal:main"]},
)
