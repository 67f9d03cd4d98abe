"""What is measured? The points of a run, and which servers are asked at each of them."""
from dataclasses import dataclass, field, replace
from typing import Callable

import servers

KEY_BYTES, VALUE_BYTES, CONNECTIONS, DEPTH = 16, 100, 50, 16
KEYS = 100_000

# Values of each size lie under keys of their own, so that every server is filled once.
MIB = 1024 * 1024
FIRST_KEY = {100: 0, 16: 1_000_000, 1024: 2_000_000, 65536: 3_000_000, MIB: 4_000_000, 8 * MIB: 5_000_000}
KEYS_OF = {65536: 1_000, MIB: 64, 8 * MIB: 8}  # 64 MiB of them are enough; of all other sizes there are KEYS
LARGE_CONNECTIONS = 4  # at depth 1: each carries hundreds of megabytes a second

NETWORK_NODES = 3

# How each kind of server is asked for an operation.
OPERATIONS = {
    "read": {"redis": "redis-get", "memcached": "memcached-get", "thrift": "thrift-read", "p2phost": "p2phost-read"},
    "write": {"redis": "redis-set", "memcached": "memcached-set", "thrift": "thrift-write", "p2phost": "p2phost-write"},
    "classic get": {"redis": "redis-get", "p2phost": "p2phost-classic-get"},
}
DIRECT, PASSED_ON = "3 nodes, the owner asked", "3 nodes, another asked"


@dataclass(frozen=True)
class Point:
    operation: str
    connections: int = CONNECTIONS
    depth: int = DEPTH
    value_bytes: int = VALUE_BYTES

    @property
    def first_key(self) -> int:
        return FIRST_KEY[self.value_bytes]

    @property
    def keys(self) -> int:
        return KEYS_OF.get(self.value_bytes, KEYS)


@dataclass
class Target:
    """A server under load. `pids`: whose CPU time counts; `options`: what p2pbench is told besides."""
    name: str
    kind: str
    server: servers.Server
    pids: list[int]
    is_asked_at: Callable[[Point], bool]
    options: list[str] = field(default_factory=list)

    def operation(self, point: Point) -> str | None:
        """None where it is not asked."""
        return OPERATIONS[point.operation].get(self.kind) if self.is_asked_at(point) else None


CENTRE = Point("read")
LONELY = replace(CENTRE, depth=1, connections=1)
NETWORK_POINTS = (*(Point(operation, depth=depth) for operation in ("read", "write") for depth in (1, 16)), LONELY)


def quick_points() -> list[Point]:
    both = [Point(operation, depth=depth) for operation in ("read", "write") for depth in (1, 16)]
    return [*both, *(point for point in NETWORK_POINTS if point not in both)]


def full_points() -> list[Point]:
    """One dimension varied at a time around the centre: 50 connections, 100 B, depth 16."""
    points = []
    for operation in ("read", "write"):
        centre = replace(CENTRE, operation=operation)
        points += [replace(centre, depth=depth) for depth in (1, 4, 16, 64)]
        points += [replace(centre, value_bytes=size) for size in (16, 1024, 65536)]
        points += [replace(centre, connections=count) for count in (1, 1000)]
    points += [Point("classic get", depth=depth) for depth in (1, 16)]
    points += large_points()
    return [*points, *(point for point in NETWORK_POINTS if point not in points)]


def large_points() -> list[Point]:
    return [Point(operation, LARGE_CONNECTIONS, 1, size) for operation in ("read", "write") for size in (MIB, 8 * MIB)]


def is_of_network(point: Point) -> bool:
    return point in NETWORK_POINTS


def is_of_lone_servers(point: Point) -> bool:
    """One connection at depth 1 is asked of the network, and of a lone node and Redis beside it: see run.py."""
    return point != LONELY


def is_of_others(point: Point) -> bool:
    """memcached takes no values of a megabyte, as it is shipped."""
    return is_of_lone_servers(point) and point.value_bytes < MIB


def is_central(point: Point) -> bool:
    return (point.connections, point.value_bytes) == (CONNECTIONS, VALUE_BYTES) and point.depth in (1, DEPTH)
