"""Whether a leader is dead, as one of its followers sees it. Pure."""

from __future__ import annotations

from .leases import LEASE_S, Lease


class Watch:
    """One follower's. A leader is dead if its lease did not change for `LEASE_S`, and it could have changed it.

    While another program has locked the leases, no leader can give a sign of life. So halfway through its silence the
    follower claims the key: a claim that is answered, and refused, shows that leases can be written. Times are
    monotonic seconds.
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
        """A claim met `lease`."""
        self._saw(lease, now)
        self._claimed_at = now

    def start_again(self, now: float) -> None:
        """The leases were locked."""
        self.dead, self._silent_since = None, now

    def is_over(self, lease: Lease, now: float) -> bool:
        """Whether it is time to claim the key: the leader is dead, or it is halfway there."""
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
