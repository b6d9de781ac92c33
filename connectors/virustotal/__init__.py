"""VirusTotal itself: HTTP below, its answers read once, its API's calls on top."""
