"""Who owns a key? The ring of the 2009 system, exactly as plugins/locator/placement/classic_ring.h computes it."""
import bisect
import hashlib
import re

NAME = "classic"

# Each node has the labels "<name>-0" to "<name>-29", and each label has several points on the ring.
LABELS_PER_NODE = 30
POINTS_PER_LABEL = 4

_HEX_DIGEST = re.compile(rb"[0-9a-fA-F]{32}\Z")


def position_of(key):
    """The position of `key` (bytes) on the ring. 32 hex digits count as an MD5 digest and are not hashed again."""
    if len(key) == 32 and _HEX_DIGEST.match(key):
        return int(key[:8], 16)
    return _md5_head(key)


def _md5_head(data):
    return int.from_bytes(hashlib.md5(data, usedforsecurity=False).digest()[:4], "big")


class ClassicRing:
    """The immutable ring of one set of members. A member is given by its index in `sorted_names`."""

    def __init__(self, sorted_names):
        # The four points of a label are the head of its digest, shifted by up to 12 bits; most lie above the range of keys.
        # If two nodes have the same point, the greatest name wins: it comes last and overwrites.
        owners = {}
        for owner, name in enumerate(sorted_names):
            for label in range(LABELS_PER_NODE):
                head = _md5_head(f"{name}-{label}".encode())
                for point in range(POINTS_PER_LABEL):
                    owners[head << (4 * point)] = owner
        self._members = len(sorted_names)
        self.positions = sorted(owners)  # ascending, without duplicates
        self._owners = [owners[position] for position in self.positions]

    def owner_of(self, key):
        """The owner's index. There must be at least one member."""
        point = bisect.bisect_right(self.positions, position_of(key))
        return self._owners[point] if point < len(self._owners) else self._owners[0]

    def owners_of(self, key, count):
        """Up to `count` different members, the owner first, in the order in which they would take over."""
        first = bisect.bisect_right(self.positions, position_of(key))
        chosen = {}  # keeps the order of insertion
        for step in range(len(self._owners)):
            if len(chosen) >= min(count, self._members):
                break
            chosen.setdefault(self._owners[(first + step) % len(self._owners)])
        return list(chosen)
