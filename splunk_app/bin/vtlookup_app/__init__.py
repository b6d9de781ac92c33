"""The Splunk adapter of vt-connectors: adds verdicts to rows. The core has the rule for verdicts."""
