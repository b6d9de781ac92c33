"""Platforms' own SDKs and engines, each in a pinned virtual environment, to test the bundles with."""
