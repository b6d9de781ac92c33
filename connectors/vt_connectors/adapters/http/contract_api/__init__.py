"""`/v1/...`: the action contract over HTTP."""
