"""VirusTotal for security automation: one cache and one quota shared by all processes.

A request goes: adapter, action, indicator, cache, quota, VirusTotal, verdict, and back to the adapter.
"""

from .version import __version__ as __version__
