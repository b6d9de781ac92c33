"""Splunk's KV store as a backend: state that all search heads of a cluster share."""
