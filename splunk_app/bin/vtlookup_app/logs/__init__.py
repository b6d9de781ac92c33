"""Logs of the app's commands in Splunk's log folder. They never contain the key."""
