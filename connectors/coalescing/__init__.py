"""One request for one indicator: who asks, and who waits for the answer."""

from .leases import Lease, LeaseBook, MemoryLeases, Seen, SqliteLeases
from .single_flight import SingleFlight

__all__ = ["Lease", "LeaseBook", "MemoryLeases", "Seen", "SingleFlight", "SqliteLeases"]
