"""`/api/v3/...`: VirusTotal's API v3."""
