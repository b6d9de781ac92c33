"""`/api/v3/...` and `/vtapi/v2/...`: VirusTotal's own API, behind the shared cache and quota."""
