"""Splunk's KV store as a place of the state: what the search heads of a cluster share."""
