"""VirusTotal itself: HTTP below, its answers read once, its API's calls on top.

Nothing is imported here: what answers from the cache never comes so far.
"""
