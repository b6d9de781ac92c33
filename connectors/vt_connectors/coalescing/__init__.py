"""One request for equal callers: a leader sends it, and followers wait for its answer."""

from .leases import Lease, LeaseStore, Seen
from .single_flight import SingleFlight
from .task import Fetched, Task, find_nothing
from .two_levels import TwoLevels

__all__ = ["Fetched", "Lease", "LeaseStore", "Seen", "SingleFlight", "Task", "TwoLevels", "find_nothing"]
