"""What the app's commands write into Splunk's own log folder, and nothing of the key."""
