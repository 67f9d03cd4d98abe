#!/usr/bin/env python3
"""Measures an agreed cluster, which keeps several copies of each key, against a Redis with a replica that every write waits for (WAIT 1):
CPU time of all servers of either for each operation, operations a second, latencies.

All servers share one core, the generator has another. A node is asked for keys of which it is the primary, as clients do that know
the map; Redis is asked at its master. Beside them stand each alone, without copies; and, where etcd is there, three nodes of it.
"""
import argparse
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import etcd
import plan
import report
import run
import script
import servers

REDIS, REPLICATED = "Redis", "Redis, 1 replica, WAIT 1"
ALONE, TWO, THREE = "1 node", "2 nodes, 2 copies", "3 nodes, 3 copies"
ETCD, ETCD_KEYS = "etcd, 3 nodes", 2_000
COPIES = {ALONE: 1, TWO: 2, THREE: 3}


@dataclass
class Target:
    name: str
    server: servers.Server
    pids: list[str]
    operations: dict[str, str]
    options: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Point:
    operation: str
    depth: int


POINTS = [Point(operation, depth) for operation in ("write", "read") for depth in (1, 16)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each measurement is repeated")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each")
    parser.add_argument("--connections", type=int, default=plan.CONNECTIONS, help="of the generator")
    script.add_places(parser, "replicated")
    return script.parse(parser)


def start(chosen, core: int | None, folder: Path, stack: ExitStack) -> list[Target]:
    alone = stack.enter_context(servers.redis(core, folder))
    alone.wait_until_listening()
    targets = [Target(REDIS, alone, [str(alone.pid)], {"write": "redis-set", "read": "redis-get"})]
    master, replica = servers.redis_and_replica(core, folder, stack)
    targets.append(Target(REPLICATED, master, [str(master.pid), str(replica.pid)], {"write": "redis-set-and-wait", "read": "redis-get"}))
    for name, copies in COPIES.items():
        nodes = servers.agreed_network(name, copies, chosen.build, chosen.config, run.NETWORK_SETTINGS, core, folder, stack)
        options = ["--owned-by", nodes[0].address, "--keys-file", str(folder / f"keys-of-{nodes[0].port}")]
        targets.append(Target(name, nodes[0], [str(node.pid) for node in nodes],
                              {"write": "p2phost-write", "read": "p2phost-read"}, options))
    return targets


def keys(target: Target) -> list[str]:
    return ["--keys", str(plan.KEYS), "--value-bytes", str(plan.VALUE_BYTES), *target.options]


def measure_all(chosen, generator: run.Generator, targets: list[Target]) -> list[dict]:
    records = []
    for number, turn in script.rounds(chosen.rounds):
        for point in POINTS[::turn]:
            for target in targets[::turn]:
                figures = generator.run(target.operations[point.operation], target.server, *keys(target), "--connections",
                                        str(chosen.connections), "--depth", str(point.depth), "--seconds", str(chosen.seconds),
                                        "--cpu-of", *target.pids)
                records.append({"round": number, **vars(point), "server": target.name, **figures})
    return records


def measure_etcd(chosen, core: int | None, folder: Path, stack: ExitStack) -> list[str]:
    """Rows of the table; none where etcd is not there. It keeps a history on its disk, which the others do not."""
    if etcd.program() is None:
        return []
    nodes = etcd.start(core, folder, stack)
    client = etcd.Client(nodes[0], chosen.connections)
    stack.callback(client.close)
    value = b"v" * plan.VALUE_BYTES
    client.run("write", ETCD_KEYS, value, lambda count: count >= ETCD_KEYS)
    rows = []
    for operation in ("write", "read"):
        own = [client.measure(operation, ETCD_KEYS, value, chosen.seconds, nodes) for _ in range(chosen.rounds)]
        rows.append(f"| {operation} | {chosen.connections} under way | {ETCD} | {report.spread(report.column(own, 'cpu_us_per_op'))} | | "
                    f"| {report.median_of(own, 'ops_per_second'):,.0f} | | |")
    return rows


def table(records: list[dict]) -> list[str]:
    """A write against one that Redis' replica has, too; a read against one of a node alone."""
    lines = ["| operation | depth | servers | CPU µs/op, of all | to Redis with a replica | to 1 node | ops/s | p50 µs | p99 µs |",
             "|---|---|---|---|---|---|---|---|---|"]
    for point in POINTS:
        at_point = [record for record in records if (record["operation"], record["depth"]) == (point.operation, point.depth)]
        of = {name: [record for record in at_point if record["server"] == name] for name in (REDIS, REPLICATED, *COPIES)}
        for name, own in of.items():
            lines.append(f"| {point.operation} | {point.depth} | {name} | {report.spread(report.column(own, 'cpu_us_per_op'))} "
                         f"| {report.ratios(own, of[REPLICATED], 'cpu_us_per_op')} | {report.ratios(own, of[ALONE], 'cpu_us_per_op')} "
                         f"| {report.median_of(own, 'ops_per_second'):,.0f} | {report.median_of(own, 'p50_us'):.0f} "
                         f"| {report.median_of(own, 'p99_us'):.0f} |")
    return lines


def main() -> int:
    chosen = arguments()
    server_core, generator_core = run.choose_cores()
    generator = run.Generator(chosen.build, generator_core)
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        targets = start(chosen, server_core, Path(folder), stack)
        for target in targets:
            generator.run(target.operations["write"], target.server, *keys(target), "--depth", "16", "--each-key-once")
        records = measure_all(chosen, generator, targets)
        beside = measure_etcd(chosen, server_core, Path(folder), stack)
    about = {**report.machine_alone(), "redis": report.redis_version(), "build": report.build_type(chosen.build)}
    print(f"{report.machine_text(about)}; {plan.KEYS:,} keys of {plan.KEY_BYTES} B with values of {plan.VALUE_BYTES} B, "
          f"{chosen.connections} connections; io_threads=1; {chosen.rounds} rounds of {chosen.seconds:g} s, "
          f"{'one core for all servers' if server_core is not None else 'cores shared'}\n")
    print("\n".join([*table(records), *beside]))
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("replicated", main)
