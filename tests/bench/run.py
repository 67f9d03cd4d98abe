#!/usr/bin/env python3
"""Measures a node against Redis, memcached and Thrift's own servers, side by side in the same run: CPU time per operation,
throughput, latencies.

Every server has one core, the generator another. The same load goes to each of them in turn, again and again, every second time
in reverse; a ratio compares neighbours in time only. Prints Markdown tables; the figures of each single run go into a JSON file.
"""
import argparse
import json
import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import plan
import report
import script
import servers
from plan import KEY_BYTES, KEYS, VALUE_BYTES, Point, Target

OURS = {"p2phost": [], "p2phost io_threads=1": ["host.io_threads=1"]}
OURS_AT_CENTRE = {f"p2phost io_threads={count}": [f"host.io_threads={count}"] for count in (2, 3, 4)}
NETWORK_SETTINGS = ["host.io_threads=1"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0],
                                     epilog="without --full: depth 1 and 16, 50 connections, 100 B, in less than two minutes")
    parser.add_argument("--full", action="store_true",
                        help="depth 1 to 64, 16 B to 8 MiB, 1 to 1,000 connections and 1 to 4 I/O threads, one varied at a time "
                             "around depth 16, 100 B, 50 connections (not their product); classic get; 5 rounds of 1 s (15 minutes)")
    parser.add_argument("--large", action="store_true", help="values of 1 and 8 MiB only, against Redis; 5 rounds of 1 s (1 minute)")
    parser.add_argument("--rounds", type=int, help="how often each measurement is repeated")
    parser.add_argument("--seconds", type=float, help="length of each")
    script.add_places(parser, "bench")
    parser.add_argument("--redis-only", action="store_true", help="leave all other servers out: tries the generator")
    chosen = script.parse(parser)
    chosen.rounds = chosen.rounds or (5 if chosen.full or chosen.large else 3)
    chosen.seconds = chosen.seconds or (1.0 if chosen.full or chosen.large else 0.7)
    return chosen


class Generator:
    def __init__(self, build: Path, core: int | None):
        self._program = build / "bin/p2pbench"
        self._core = core

    def run(self, operation: str, server: servers.Server, *options: str) -> dict:
        command = [str(self._program), operation, "--port", str(server.port), "--key-bytes", str(KEY_BYTES), *options]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=servers.on_core(self._core))
        if done.returncode != 0:
            raise RuntimeError(f"{server.name}: {' '.join(command)}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def fill(self, target: Target, points: list[Point]):
        """Stores every key that the points will ask for, whatever they ask."""
        for point in {(point.value_bytes, point.first_key, point.keys): point for point in points}.values():
            self.run(plan.OPERATIONS["write"][target.kind], target.server, *self._keys(target, point), "--each-key-once",
                     "--depth", "16")

    def measure(self, target: Target, point: Point, seconds: float) -> dict:
        return self.run(target.operation(point), target.server, *self._keys(target, point), "--connections", str(point.connections),
                        "--depth", str(point.depth), "--seconds", str(seconds), "--cpu-of", *map(str, target.pids))

    @staticmethod
    def _keys(target: Target, point: Point) -> list[str]:
        return ["--keys", str(point.keys), "--first-key", str(point.first_key),
                "--value-bytes", str(point.value_bytes), *target.options]


def choose_cores() -> tuple[int | None, int | None]:
    """A core for the server under load and one for the generator; none when there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


def start_targets(chosen: argparse.Namespace, core: int | None, folder: Path, stack: ExitStack) -> list[Target]:
    targets = []

    def add(kind: str, server: servers.Server, is_asked_at):
        stack.enter_context(server).wait_until_listening()
        targets.append(Target(server.name, kind, server, [server.pid], is_asked_at))

    add("redis", servers.redis(core, folder), lambda point: True)
    if chosen.redis_only:
        return targets
    if not chosen.large:
        add("memcached", servers.memcached(core, folder), plan.is_of_others)
        for name in servers.STOCK_KINDS:
            add("thrift", servers.stock_thrift(name, chosen.build, core, folder), plan.is_of_others)
    for name, settings in OURS.items():
        is_asked_at = plan.is_of_lone_servers if name == "p2phost" else lambda point: True
        add("p2phost", servers.p2phost(name, chosen.build, chosen.config, settings, core, folder), is_asked_at)
    for name, settings in OURS_AT_CENTRE.items() if chosen.full else ():
        add("p2phost", servers.p2phost(name, chosen.build, chosen.config, settings, core, folder), plan.is_central)
    return targets if chosen.large else [*targets, *network_targets(chosen, core, folder, stack)]


def network_targets(chosen: argparse.Namespace, core: int | None, folder: Path, stack: ExitStack) -> list[Target]:
    """The same node asked for keys of its own, and for another's."""
    nodes = servers.network(plan.NETWORK_NODES, chosen.build, chosen.config, NETWORK_SETTINGS, core, folder, stack)
    pids = [node.pid for node in nodes]
    return [Target(name, "p2phost", nodes[0], pids, plan.is_of_network,
                   ["--owned-by", owner.address, "--keys-file", str(folder / f"keys-of-{owner.port}")])
            for name, owner in ((plan.DIRECT, nodes[0]), (plan.PASSED_ON, nodes[1]))]


def measure_all(chosen, generator: Generator, targets: list[Target], points: list[Point]) -> list[dict]:
    """One record for each (round, point, server)."""
    records = []
    for number, turn in script.rounds(chosen.rounds):
        for point in points[::turn]:
            for target in targets[::turn]:
                if target.operation(point):
                    figures = generator.measure(target, point, chosen.seconds)
                    records.append({"round": number, **vars(point), "server": target.name, **figures})
    return records


def main() -> int:
    chosen = arguments()
    server_core, generator_core = choose_cores()
    generator = Generator(chosen.build, generator_core)
    about = {**report.machine_alone(), "redis": report.redis_version(), "build": report.build_type(chosen.build)}
    if not chosen.redis_only and not chosen.large:
        about["memcached"] = report.memcached_version()
    points = plan.large_points() if chosen.large else plan.full_points() if chosen.full else plan.quick_points()
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        targets = start_targets(chosen, server_core, Path(folder), stack)
        for target in targets:
            generator.fill(target, [point for point in points if target.operation(point)])
        records = measure_all(chosen, generator, targets, points)
    print(f"{report.machine_text(about)}; keys of {KEY_BYTES} B, {KEYS:,} of them ({plan.KEYS_OF[65536]:,} of 64 KiB); three "
          f"nodes have io_threads=1; {chosen.rounds} rounds of {chosen.seconds:g} s, "
          f"{'one core a server' if server_core is not None else 'cores shared'}\n")
    print("\n".join(report.table(records)))
    if not chosen.redis_only and not chosen.large:
        print("\n" + "\n".join(report.passed_on_table(records)))
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("bench", main)
