"""The InsightConnect plugin: generated from the manifest, completed and tested with the tools of Rapid7."""
