"""Access to VirusTotal: HTTP, the parsing of responses, and the calls of the API.

Nothing is imported here, because a process that only reads the cache does not need it.
"""
