"""The blocks marked `no-run`: page and beginning of the first line, and why they cannot run here."""

from __future__ import annotations

NO_RUN: dict[tuple[str, str], str] = {
    ("README.md", "make demo"): "sets up a new environment; tests/readme runs the other lines",
    ("docs/command-line.md", "vtaction init"): "asks for a key at a terminal, and VirusTotal; tests/cli does the same",
    ("docs/install.md", "python3 -m venv"): "installs packages; tests/package/test_release.py does it with the wheel",
    ("docs/install.md", "sha256sum"): "needs a release; tests/package/test_release.py checks and installs one",
    ("docs/install.md", "pip install"): "installs packages",
    ("docs/runner.md", "vtaction sandbox"): "runs until it is stopped",
    ("docs/splunk-install.md", "tr -d '\\n' < vt_api_key.txt | curl"): "asks a Splunk server",
    ("docs/splunk-install.md", "curl --user admin"): "asks a Splunk server",
    ("docs/splunk-admin.md", "curl --user analyst"): "asks a Splunk server",
    ("docs/splunk-admin.md", "make splunk"): "needs Docker",
    ("docs/platforms/insightconnect.md", "python -m package.referees"): "installs packages, and needs Docker",
    ("docs/platforms/insightconnect.md", "vtaction serve token add"): "the page's own server is InsightConnect's",
    ("docs/platforms/n8n.md", "cd dist/bundles/n8n"): "needs Node 24; test_n8n.py does the same",
    ("docs/platforms/n8n.md", "vtaction serve token add"): "the page's own server is n8n's",
    ("docs/platforms/splunk-soar.md", "python -m package.referees"): "installs packages; test_splunk_soar_package.py",
    ("docs/platforms/node-red.md", "curl"): "asks Node-RED; test_node_red.py does the same",
    ("docs/mcp.md", "pip install"): "installs packages",
    ("docs/platforms/opencti.md", "cd dist/bundles/opencti"): "needs Docker",
    ("docs/platforms/xsoar.md", "pip install"): "installs XSOAR's SDK; test_xsoar_sdk.py does the same",
    ("docs/serve.md", "python3 -m venv"): "installs packages",
    ("docs/serve.md", "vtaction sandbox"): "runs until it is stopped; the test has a sandbox of its own",
    ("docs/serve.md", "export VT_API_URL"): "the test sets them",
    ("docs/serve.md", "vtaction serve --unix /run/"): "the folder is root's; test_sockets.py does the same elsewhere",
    ("docs/serve.md", "vtaction serve --listen 172."): "needs Docker's network",
    ("docs/serve.md", "vtaction serve --behind-proxy"): "test_nginx.py starts it so",
}
