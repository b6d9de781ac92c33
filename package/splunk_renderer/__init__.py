"""Splunk's own renderer of Dashboard Studio, for tests and pictures."""
