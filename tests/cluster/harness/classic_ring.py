"""Who owns a key in the classic ring? The rules T1 to T9 once more, written apart from the product, to compare with."""
import bisect
import hashlib
import itertools
import re

from harness.address import classic_name

# T2: labels "<node>-0" to "<node>-29"; T3: each gives four points.
LABELS_PER_NODE = 30
SHIFTS = (0, 4, 8, 12)


def position(text):
    """T1: the first four bytes of the MD5, big-endian."""
    return int.from_bytes(hashlib.md5(text).digest()[:4], "big")


def key_position(key):
    """T4: 32 hexadecimal digits are a hash already."""
    if re.fullmatch(rb"[0-9a-fA-F]{32}", key):
        return int(key[:8], 16)
    return position(key)


class ClassicRing:
    """The ring of `nodes`, by their names; labels are made of the classic form."""

    def __init__(self, nodes):
        owners = {}
        # T8: of two nodes on one point the bytewise greater wins; sorted, it comes last.
        for node in sorted(nodes, key=lambda name: classic_name(name).encode()):
            for label in range(LABELS_PER_NODE):
                value = position(f"{classic_name(node)}-{label}".encode())
                for shift in SHIFTS:
                    owners[value << shift] = node
        self._positions = sorted(owners)
        self._owners = owners

    def walk(self, key):
        """T9: every node, in the order of preference for `key`."""
        start = bisect.bisect_right(self._positions, key_position(_bytes(key)))
        order = self._positions[start:] + self._positions[:start]
        return list(dict.fromkeys(self._owners[at] for at in order))

    def owner(self, key):
        """T5: the first point strictly behind the key's. None on an empty ring."""
        if not self._positions:
            return None
        at = bisect.bisect_right(self._positions, key_position(_bytes(key)))
        return self._owners[self._positions[at % len(self._positions)]]


def keys_owned_by(node, nodes, count, prefix="key"):
    """The first `count` of the keys "<prefix>-0", "<prefix>-1", ... that `node` owns among `nodes`."""
    return keys_that_move([(node, nodes)], count, prefix)


def keys_that_move(owners, count, prefix="key"):
    """The first `count` such keys that each of `owners`, pairs of a node and the nodes among which it owns them, does own."""
    rings = [(node, ClassicRing(nodes)) for node, nodes in owners]
    all_keys = (f"{prefix}-{number}" for number in itertools.count())
    return list(itertools.islice((key for key in all_keys if all(ring.owner(key) == node for node, ring in rings)), count))


def _bytes(key):
    return key.encode() if isinstance(key, str) else key
