"""`/healthz`, `/readyz` and `/metrics`: for those who run the server."""
