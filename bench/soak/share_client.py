"""A client of the quota with a name, as the server has one for each token. Run as a process by the drill `guarantees`.

Arguments: the client's name, the first number and the count of hashes to look up. Writes the status of each to stdout.
"""

from __future__ import annotations

import os
import sys

from vt_connectors.adapters.core_from_environment import core_from
from vt_connectors.clock import SystemClock
from vt_connectors.quota.waiters import Claim


def main() -> None:
    client, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    core = core_from(os.environ, SystemClock())
    for number in range(first, first + count):
        document = {"action": "lookup_hash", "params": {"hash": f"{number:032x}"}, "options": {"max_wait_s": 0}}
        response = core.answer(document, Claim(client))
        sys.stdout.write(f"{response['error']['code'] if response['error'] else response['status']}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
