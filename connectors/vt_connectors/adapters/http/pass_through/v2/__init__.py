"""`/vtapi/v2/...`: VirusTotal's legacy API."""
