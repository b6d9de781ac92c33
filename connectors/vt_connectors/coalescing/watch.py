"""Whether a leader is dead, as seen by one follower. Pure."""

from __future__ import annotations

from .leases import LEASE_S, Lease


class Watch:
    """Belongs to one follower. A leader is dead if it could have changed its lease for `LEASE_S` and did not.

    While another program has locked the leases, no leader can write its heartbeat. So halfway through the silence the
    follower claims the key: a refused claim shows that leases can be written. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self.lease = Lease("")
        # The lease of a dead leader, which may be replaced.
        self.dead: Lease | None = None
        self._silent_since = 0.0
        self._claimed_at = 0.0

    @property
    def has_followed(self) -> bool:
        """Whether there was a leader."""
        return bool(self.lease.token)

    def claim_was_refused(self, lease: Lease, now: float) -> None:
        """A claim found `lease`."""
        self._saw(lease, now)
        self._claimed_at = now

    def start_again(self, now: float) -> None:
        """The leases were locked."""
        self.dead, self._silent_since = None, now

    def is_over(self, lease: Lease, now: float) -> bool:
        """Whether to claim the key: the leader is dead, or half the time is over."""
        self._saw(lease, now)
        halfway = self._silent_since + LEASE_S / 2
        if now <= halfway:
            return False
        if self._claimed_at < halfway:
            return True
        if now > max(self._silent_since + LEASE_S, self._claimed_at + LEASE_S * 0.4):
            self.dead = lease
        return self.dead is not None

    def _saw(self, lease: Lease, now: float) -> None:
        if lease != self.lease:
            self.lease, self.dead, self._silent_since = lease, None, now
