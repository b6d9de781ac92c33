"""The alert actions: look up the indicators in the results, and comment on one indicator."""
