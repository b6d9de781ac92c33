"""The Splunk side of vt-connectors: rows in, rows with verdicts out. What a verdict is, the core knows."""
