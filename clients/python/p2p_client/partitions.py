"""Who owns a key of an agreed cluster? Keys are in partitions, whose owners a node tells; the same rules as in
lib/placement/partition_of.h and owner_bytes.h."""
import re
import struct

from p2p_client.fingerprint import hash_of

NOBODY = 0xFFFF

# As nodes allow; more would be a mistake.
PARTITIONS_MAX = 65536

_PLACEMENT = re.compile(r"partitions:([1-9][0-9]{0,5})\Z")


def partitions_named(placement):
    """The number of partitions in the name of a placement; None if it is another placement, or no valid number."""
    match = _PLACEMENT.match(placement)
    count = int(match[1]) if match else 0
    return count if 0 < count <= PARTITIONS_MAX and count & (count - 1) == 0 else None


def partition_of(key, partitions):
    """The partition of `key` (bytes): the top bits of its hash."""
    return hash_of(key) * partitions >> 64


def owners_in(data, partitions, nodes):
    """The owner of each partition, as an index below `nodes` or NOBODY. Raises ValueError if `data` makes no sense."""
    if len(data) != 2 * partitions:
        raise ValueError("the owners of the partitions have another number")
    owners = list(struct.unpack(f">{partitions}H", data))
    _check(owners, nodes)
    return owners


def moves_in(data, partitions, nodes):
    """{partition: its owner} of what has moved. Raises ValueError if `data` makes no sense."""
    if len(data) % 4 != 0:
        raise ValueError("what has moved is cut short")
    numbers = struct.unpack(f">{len(data) // 2}H", data)
    if any(partition >= partitions for partition in numbers[::2]):
        raise ValueError("a partition has moved that there is not")
    _check(numbers[1::2], nodes)
    return dict(zip(numbers[::2], numbers[1::2]))


def _check(owners, nodes):
    if any(owner >= nodes and owner != NOBODY for owner in owners):
        raise ValueError("a partition has an owner that there is not")


class PartitionedView:
    """The members, who leaves, and the owners of partitions at one epoch. Immutable; has what View has."""

    def __init__(self, members, leaving, fingerprint, epoch, owners):
        self.members = tuple(members)
        self.leaving = tuple(leaving)
        self.nodes = self.members + self.leaving
        self.fingerprint = fingerprint
        self.epoch = epoch
        self._owners = owners  # indexes into nodes
        if not self.nodes or len(set(self.nodes)) < len(self.nodes):
            raise ValueError("a cluster has no members, or one twice")

    @classmethod
    def of_bytes(cls, members, leaving, fingerprint, epoch, partitions, owners):
        """Raises ValueError if the bytes in `owners` make no sense."""
        return cls(members, leaving, fingerprint, epoch, owners_in(owners, partitions, len(members) + len(leaving)))

    def after(self, fingerprint, epoch, moved, nodes=None):
        """The view that a delta leads to; `nodes`: the new (members, leaving), if they have changed."""
        members, leaving = nodes or (self.members, self.leaving)
        owners = self._owners
        if nodes:
            indexes = {name: index for index, name in enumerate((*members, *leaving))}
            there = [indexes.get(name, NOBODY) for name in self.nodes]
            owners = [NOBODY if owner == NOBODY else there[owner] for owner in owners]
        owners = list(owners)
        for partition, owner in moves_in(moved, len(owners), len(members) + len(leaving)).items():
            owners[partition] = owner
        return PartitionedView(members, leaving, fingerprint, epoch, owners)

    def owner_of(self, key):
        """None while nobody owns the key."""
        owner = self._owners[partition_of(key, len(self._owners))]
        return None if owner == NOBODY else self.nodes[owner]

    def owners_of(self, key, count):
        """The owner, if there is one, and behind it other members, which forward a call: not the same first for all keys."""
        owner = self.owner_of(key)
        others = self.members or self.nodes
        first = partition_of(key, len(self._owners)) % len(others)
        order = dict.fromkeys([*([owner] if owner else []), *others[first:], *others[:first]])
        return list(order)[:count]
