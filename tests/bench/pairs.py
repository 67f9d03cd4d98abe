#!/usr/bin/env python3
"""Measures this build against another one: CPU time per operation, keys a second of a hand-over, memory of a million keys.

Both run side by side, and what is measured alternates between them. Of each pair the ratio counts, this build to the other; the
95 % interval of its median is told with it. Ends with 1 when an interval lies above the limit: then something has become slower.
"""
import argparse
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import report
import run
import script
import servers

KEYS = 100_000
VALUE_BYTES = 100
# What one run may differ from another by chance; an interval above it is no chance.
RATIO_MAX = 1.02
HAND_OVER_KEYS = 200_000
MEMORY_KEYS = 1_000_000
WAIT_SECONDS_MAX = 60


@dataclass(frozen=True)
class Point:
    name: str
    operation: str
    connections: int
    depth: int
    batch: int = 0  # keys of one call; 0: no batches
    is_at_wrong_node: bool = False


POINTS = [Point(f"{name}, depth {depth}", operation, 50, depth)
          for name, operation in (("get", "p2phost-classic-get"), ("read", "p2phost-read"), ("write", "p2phost-write"))
          for depth in (1, 16)]
POINTS += [Point(f"{name} at the wrong node, depth {depth}", f"p2phost-{name}", 50, depth, is_at_wrong_node=True)
           for name in ("read", "write") for depth in (1, 16)]
POINTS += [Point(f"{name} in batches of 100", f"p2phost-cluster-{name}", 4, 8, batch=100) for name in ("read", "write")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--base", type=Path, required=True, help="build folder of the other one")
    parser.add_argument("--rounds", type=int, default=20, help="pairs of each measurement")
    parser.add_argument("--hand-overs", type=int, default=20, help="pairs of hand-overs")
    parser.add_argument("--memories", type=int, default=3, help="pairs of a million keys")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of each")
    script.add_places(parser, "pairs")
    return script.parse(parser)


class Side:
    """One build: a node alone, and two that share the keys."""

    def __init__(self, name: str, build: Path, chosen, core: int | None, folder: Path, stack: ExitStack):
        self.name = name
        self.build = build
        self.config = chosen.config
        self.folder = folder / name
        self.folder.mkdir()
        self.alone = stack.enter_context(servers.p2phost("alone", build, chosen.config, run.NETWORK_SETTINGS, core, self.folder))
        self.alone.wait_until_listening()
        self.two = servers.network(2, build, chosen.config, run.NETWORK_SETTINGS, core, self.folder, stack)

    def measure(self, generator: run.Generator, point: Point, seconds: float) -> float:
        nodes = self.two if point.is_at_wrong_node else [self.alone]
        options = [*self._keys(point.is_at_wrong_node), "--connections", str(point.connections), "--depth", str(point.depth)]
        if point.batch:
            options += ["--batch", str(point.batch)]
        pids = [str(node.pid) for node in nodes]
        return generator.run(point.operation, nodes[0], *options, "--seconds", str(seconds), "--cpu-of", *pids)["cpu_us_per_op"]

    def fill(self, generator: run.Generator):
        for is_at_wrong_node, node in ((False, self.alone), (True, self.two[0])):
            generator.run("p2phost-write", node, *self._keys(is_at_wrong_node), "--each-key-once", "--depth", "16")

    def _keys(self, is_at_wrong_node: bool) -> list[str]:
        keys = ["--keys", str(KEYS), "--value-bytes", str(VALUE_BYTES)]
        if is_at_wrong_node:
            keys += ["--owned-by", self.two[1].address, "--keys-file", str(self.folder / "keys-of-the-other")]
        return keys


def hand_over(build: Path, config: Path, generator: run.Generator) -> float:
    """Microseconds that a node with keys takes for each when it leaves to another one, while nobody asks."""
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        leaver, taker = servers.network(2, build, config, run.NETWORK_SETTINGS, None, Path(folder), stack)
        generator.run("p2phost-write", leaver, "--keys", str(2 * HAND_OVER_KEYS), "--value-bytes", str(VALUE_BYTES),
                      "--each-key-once", "--depth", "16")
        subprocess.run([str(build / "bin/p2pctl"), "--node", leaver.address, "leave", "--no-wait"], check=True, capture_output=True)
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while leaver.is_running():
            if time.monotonic() > deadline:
                raise leaver.failure("has not left")
            time.sleep(0.01)
        given = [receipt for receipt in servers.ask(build, taker, "receipts")["receipts"] if receipt["donor"] == leaver.address]
        return sum(receipt["duration_ms"] for receipt in given) * 1000 / max(sum(receipt["keys"] for receipt in given), 1)


def memory(build: Path, config: Path, generator: run.Generator) -> float:
    """MiB of a node with a million keys."""
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        node = stack.enter_context(servers.p2phost("full", build, config, run.NETWORK_SETTINGS, None, Path(folder)))
        node.wait_until_listening()
        generator.run("p2phost-write", node, "--keys", str(MEMORY_KEYS), "--value-bytes", str(VALUE_BYTES), "--each-key-once",
                      "--depth", "16")
        return node.memory()["Rss"] / 2**20


def interval_of_median(values: list[float]) -> tuple[float, float]:
    """At least 95 %, by the ranks of a binomial distribution: no assumption about the values'. All of them, when they are few."""
    ordered = sorted(values)
    count = len(ordered)
    chance, tail, rank = 0.5**count, 0.0, 0
    for below in range(count // 2):
        tail += chance
        if tail > 0.025:
            break
        rank = below
        chance *= (count - below) / (below + 1)
    return ordered[rank], ordered[count - 1 - rank]


def paired(count: int, measure) -> list[tuple[float, float]]:
    """(this build, the other one), count times; every second pair begins with the other one."""
    pairs = []
    for number, turn in script.rounds(count):
        values = {side: measure(side) for side in (0, 1)[::turn]}
        pairs.append((values[0], values[1]))
    return pairs


def main() -> int:
    chosen = arguments()
    server_core, generator_core = run.choose_cores()
    generator = run.Generator(chosen.build, generator_core)
    results: dict[str, list[tuple[float, float]]] = {}
    builds = (chosen.build, chosen.base)
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        sides = [Side(name, build, chosen, server_core, Path(folder), stack)
                 for name, build in zip(("this", "base"), builds)]
        for side in sides:
            side.fill(generator)
        for point in POINTS:
            results[f"{point.name}, CPU us"] = paired(
                chosen.rounds, lambda side, point=point: sides[side].measure(generator, point, chosen.seconds))
    if chosen.hand_overs:
        results["leaving, us a key"] = paired(chosen.hand_overs,
                                              lambda side: hand_over(builds[side], chosen.config, generator))
    if chosen.memories:
        results["a million keys, MiB"] = paired(chosen.memories, lambda side: memory(builds[side], chosen.config, generator))
    print(f"{report.machine_text(report.machine_alone() | {'build': report.build_type(chosen.build)})}; {chosen.rounds} pairs of "
          f"{chosen.seconds:g} s\n")
    print("| | this build | the other | ratio | 95 % interval |\n|---|---|---|---|---|")
    slower = []
    for name, pairs in results.items():
        ratios = [this / other for this, other in pairs]
        low, high = interval_of_median(ratios)
        print(f"| {name} | {statistics.median(this for this, _ in pairs):.3f} | {statistics.median(other for _, other in pairs):.3f} "
              f"| {statistics.median(ratios):.3f} | {low:.3f} to {high:.3f} |")
        if low > RATIO_MAX:
            slower.append(name)
    report.keep(chosen.json, report.machine_alone(), [{"what": name, "pairs": pairs} for name, pairs in results.items()])
    if slower:
        print(f"\nslower than the other build: {', '.join(slower)}")
    return 1 if slower else 0


if __name__ == "__main__":
    script.run("pairs", main)
