"""One request for equal callers: who asks, and who waits for the answer."""

from .leases import Lease, LeaseStore, MemoryLeases, Seen
from .single_flight import SingleFlight
from .task import Fetched, Task
from .two_levels import TwoLevels

__all__ = ["Fetched", "Lease", "LeaseStore", "MemoryLeases", "Seen", "SingleFlight", "Task", "TwoLevels"]
