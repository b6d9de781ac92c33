"""`vtaction serve`: the action contract and VirusTotal's own API over HTTP, for tools that cannot run `vtaction`."""
