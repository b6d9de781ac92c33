"""What a key may do: the licences of its account."""

from __future__ import annotations

import re
from enum import Enum


class Licence(Enum):
    """A licence; the value is the word in keys that have it.

    GTI includes what PREMIUM allows. PRIVATE is Private Scanning. GROUP is no licence in itself: the key belongs to a
    member of the sandbox's group, whose members share their quota.
    """

    PREMIUM = "premium"
    GTI = "gti"
    PRIVATE = "private"
    GROUP = "group"


Licences = frozenset[Licence]
# A key with these may make every call.
EVERY_LICENCE: Licences = frozenset({Licence.PREMIUM, Licence.GTI, Licence.PRIVATE})


def licences_of(key: str, every_key: Licences = frozenset()) -> Licences:
    """The licences of `every_key`, and those whose words begin the key, as in `gti-private-1`."""
    found = set(every_key)
    words = {licence.value: licence for licence in Licence}
    for word in re.split(r"[-_.]", key.lower()):
        if word not in words:
            break
        found.add(words[word])
    if Licence.GTI in found:
        found.add(Licence.PREMIUM)
    return frozenset(found)
