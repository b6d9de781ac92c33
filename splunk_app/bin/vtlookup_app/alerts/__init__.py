"""What an alert can do with its results: look indicators up, and comment on one."""
