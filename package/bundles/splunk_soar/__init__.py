"""The Splunk SOAR app: generated from the manifest, built and tested with the platform's SDK."""
