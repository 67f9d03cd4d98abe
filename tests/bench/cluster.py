#!/usr/bin/env python3
"""Measures three nodes, reached through our client library, against a Redis Cluster of three masters, reached through a client that
knows its slots: CPU time of all three for each key, keys a second, latencies of an operation.

The nodes of either share one core; the generator has another, and every client of it a thread. A client holds one connection to
each node, and what it asks of that in one turn leaves in one write; so do both. Keys of a batch go to their owners as one call
each (ours), or as GETs and SETs of their own (Redis, whose MGET takes keys of one slot only). "One node asked" is what a client
does that knows no ring: two thirds of what it asks are passed on.
"""
import argparse
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import plan
import report
import run
import script
import servers

REDIS, SMART, BLIND = "Redis Cluster", "3 nodes, our client", "3 nodes, one node asked"
OPERATIONS = {REDIS: {"read": "redis-cluster-get", "write": "redis-cluster-set"},
              SMART: {"read": "p2phost-cluster-read", "write": "p2phost-cluster-write"},
              BLIND: {"read": "p2phost-read", "write": "p2phost-write"}}
BATCH = 100


@dataclass(frozen=True)
class Point:
    operation: str
    clients: int
    depth: int  # operations under way of each client
    batch: int = 1

    def is_asked_of(self, name: str) -> bool:
        """Who knows no ring has connections in place of clients, and no batches: asked where both are many."""
        return name != BLIND or (self.clients > 1 and self.batch == 1)


POINTS = [Point(operation, clients, depth, batch)
          for operation in ("read", "write")
          for clients, depth, batch in ((1, 1, 1), (1, 50, 1), (1, 800, 1), (8, 16, 1), (1, 1, BATCH), (1, 8, BATCH),
                                        (1, 32, BATCH))]


@dataclass
class Cluster:
    name: str
    nodes: list[servers.Server]

    @property
    def pids(self) -> list[str]:
        return [str(node.pid) for node in self.nodes]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each measurement is repeated")
    parser.add_argument("--seconds", type=float, default=0.7, help="length of each")
    script.add_places(parser, "cluster")
    return script.parse(parser)


def start(chosen, core: int | None, folder: Path, stack: ExitStack) -> list[Cluster]:
    masters = servers.redis_cluster(plan.NETWORK_NODES, core, folder, stack)
    nodes = servers.network(plan.NETWORK_NODES, chosen.build, chosen.config, run.NETWORK_SETTINGS, core, folder, stack)
    return [Cluster(REDIS, masters), Cluster(SMART, nodes), Cluster(BLIND, nodes)]


def measure(generator: run.Generator, cluster: Cluster, point: Point, seconds: float) -> dict:
    batch = ["--batch", str(point.batch)] if cluster.name != BLIND else []
    return generator.run(OPERATIONS[cluster.name][point.operation], cluster.nodes[0], "--keys", str(plan.KEYS), "--value-bytes",
                         str(plan.VALUE_BYTES), "--connections", str(point.clients), "--depth", str(point.depth), *batch,
                         "--seconds", str(seconds), "--cpu-of", *cluster.pids)


def measure_all(chosen, generator: run.Generator, clusters: list[Cluster]) -> list[dict]:
    records = []
    for number, turn in script.rounds(chosen.rounds):
        for point in POINTS[::turn]:
            for cluster in clusters[::turn]:
                if point.is_asked_of(cluster.name):
                    figures = measure(generator, cluster, point, chosen.seconds)
                    records.append({"round": number, **vars(point), "server": cluster.name, **figures})
    return records


def table(records: list[dict]) -> list[str]:
    lines = ["| operation | clients | under way of each | keys of one | servers | CPU µs/key | CPU to Redis | keys/s | keys/s to Redis "
             "| p50 µs | p99 µs |", "|---|---|---|---|---|---|---|---|---|---|---|"]
    for point in POINTS:
        at_point = [record for record in records if Point(*(record[name] for name in vars(point))) == point]
        redis = [record for record in at_point if record["server"] == REDIS]
        for name in OPERATIONS:
            own = [record for record in at_point if record["server"] == name]
            if own:
                lines.append(f"| {point.operation} | {point.clients} | {point.depth} | {point.batch} | {name} "
                             f"| {report.spread(report.column(own, 'cpu_us_per_op'))} | {report.ratios(own, redis, 'cpu_us_per_op')} "
                             f"| {statistics.median(report.column(own, 'ops_per_second')):,.0f} "
                             f"| {report.ratios(own, redis, 'ops_per_second')} | {report.median_of(own, 'p50_us'):.0f} "
                             f"| {report.median_of(own, 'p99_us'):.0f} |")
    return lines


def main() -> int:
    chosen = arguments()
    server_core, generator_core = run.choose_cores()
    generator = run.Generator(chosen.build, generator_core)
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        clusters = start(chosen, server_core, Path(folder), stack)
        for cluster in clusters:
            if cluster.name != BLIND:  # the same nodes
                generator.run(OPERATIONS[cluster.name]["write"], cluster.nodes[0], "--keys", str(plan.KEYS), "--value-bytes",
                              str(plan.VALUE_BYTES), "--connections", "1", "--depth", "100", "--each-key-once")
        records = measure_all(chosen, generator, clusters)
    about = {**report.machine_alone(), "redis": report.redis_version(), "build": report.build_type(chosen.build)}
    print(f"{report.machine_text(about)}; {plan.KEYS:,} keys of {plan.KEY_BYTES} B with values of {plan.VALUE_BYTES} B; three nodes "
          f"with io_threads=1, three masters; {chosen.rounds} rounds of {chosen.seconds:g} s, "
          f"{'one core for all servers' if server_core is not None else 'cores shared'}\n")
    print("\n".join(table(records)))
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("cluster", main)
