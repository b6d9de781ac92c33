"""Distribution `vt-connectors`: the core, its runner and its schemas."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "connectors/vt_connectors/__init__.py").read_text("utf-8"))
assert VERSION is not None, "no version found in connectors/vt_connectors/__init__.py"

setup(
    name="vt-connectors",
    version=VERSION.group(1),
    description="VirusTotal for Splunk and every SOAR platform: one cache and one quota for all processes",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    author="vt-connectors",
    keywords=["virustotal", "splunk", "soar", "threat intelligence", "indicators of compromise", "quota", "cache"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Information Technology",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.9",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Security",
        "Topic :: System :: Monitoring",
        "Typing :: Typed",
    ],
    python_requires=">=3.9",
    packages=[*find_packages("connectors"), "vt_connectors.schemas"],
    package_dir={"": "connectors", "vt_connectors.schemas": "schemas"},
    package_data={
        "vt_connectors": ["py.typed"],
        "vt_connectors.schemas": ["*.json", "actions/*.json", "results/*.json"],
    },
    # The lowest releases that work: `.ci/run` runs the tests with them on the oldest Python (package/lowest.py).
    # Not older than the last release that fixes a relevant advisory: see SECURITY.md.
    install_requires=[
        "requests>=2.33.0,<3; python_version >= '3.10'",
        "requests>=2.32.5,<3; python_version < '3.10'",
        "urllib3>=1.26.20,<3",
        "certifi>=2024.7.4",
        "cachetools>=5.3",
        "jsonschema>=4.17",
        "idna>=3.15",
        # Its versions end with the date of the list.
        "publicsuffixlist>=1.0.2.20260108",
        "platformdirs>=4",
        "rich>=13",
    ],
    extras_require={
        "splunk": ["splunk-sdk>=2.1.1,<4"],
        "redis": ["redis>=5.0.2,<9"],
        "zip": ["pyzipper>=0.3.6,<0.5"],
        "serve": ["waitress>=3.0.1,<4", "multipart>=1.3.0,<2", "prometheus-client>=0.20,<1"],
        "mcp": ["mcp>=2.3.0,<3; python_version >= '3.10'"],
    },
    entry_points={"console_scripts": ["vtaction = vt_connectors.adapters.cli:start"]},
)
