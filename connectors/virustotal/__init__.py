"""VirusTotal itself: HTTP below, its answers read once, its API's calls on top."""

from .budget import Budget
from .client import Client
from .v3 import ApiV3

__all__ = ["ApiV3", "Budget", "Client"]
