"""VirusTotal's legacy API v2 over the same state as v3 (https://docs.virustotal.com/v2.0/reference)."""

from .routes import V2Routes as V2Routes
