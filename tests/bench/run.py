#!/usr/bin/env python3
"""Measures a node against Redis, side by side in the same run: CPU time per operation, throughput, latency.

Every server has one core, the generator another. The same load goes to each of them in turn, again and again; a ratio compares
neighbours in time only. Prints Markdown tables; the figures of each single run go into a JSON file.
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import servers

ROOT = Path(__file__).resolve().parents[2]
KEYS, KEY_BYTES, VALUE_BYTES, CONNECTIONS = 100_000, 16, 100, 50
DEPTHS = (1, 16)


@dataclass(frozen=True)
class Case:
    """One operation, as each kind of server is asked for it."""
    name: str
    redis: str
    p2phost: str


CASES = (
    Case("read", "redis-get", "p2phost-read"),
    Case("write", "redis-set", "p2phost-write"),
    Case("classic get, unframed", "redis-get", "p2phost-classic-get"),
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="15 rounds of 3 s instead of 5 of 1 s (15 minutes, not 2)")
    parser.add_argument("--rounds", type=int, help="how often each measurement is repeated")
    parser.add_argument("--seconds", type=float, help="length of each")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release", help="build folder with the programs")
    parser.add_argument("--config", type=Path, default=ROOT / "etc/store.toml", help="configuration of the node")
    parser.add_argument("--json", type=Path, help="where the single figures go; default: bench.json in the build folder")
    parser.add_argument("--redis-only", action="store_true", help="leave the node out: tries the generator")
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (15 if chosen.full else 5)
    chosen.seconds = chosen.seconds or (3.0 if chosen.full else 1.0)
    chosen.json = chosen.json or chosen.build / "bench.json"
    return chosen


class Generator:
    def __init__(self, build: Path, core: int | None):
        self._program = build / "bin/p2pbench"
        self._core = core

    def run(self, operation: str, server: servers.Server, *options: str) -> dict:
        command = [str(self._program), operation, "--port", str(server.port), "--keys", str(KEYS), "--key-bytes", str(KEY_BYTES),
                   "--value-bytes", str(VALUE_BYTES), "--connections", str(CONNECTIONS), *options]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=servers.on_core(self._core))
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def fill(self, case_operation: str, server: servers.Server):
        self.run(case_operation, server, "--each-key-once", "--depth", "16")

    def measure(self, operation: str, server: servers.Server, depth: int, seconds: float) -> dict:
        before = server.cpu_seconds()
        figures = self.run(operation, server, "--depth", str(depth), "--seconds", str(seconds))
        figures["cpu_us_per_op"] = (server.cpu_seconds() - before) * 1e6 / figures["operations"]
        return figures


def choose_cores() -> tuple[int | None, int | None]:
    """A core for the server under load and one for the generator; none when there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


def start_servers(chosen: argparse.Namespace, core: int | None, folder: Path, stack: ExitStack) -> list[servers.Server]:
    started = [stack.enter_context(servers.redis(core, folder))]
    if not chosen.redis_only:
        for name, settings in (("p2phost", []), ("p2phost io_threads=1", ["host.io_threads=1"])):
            started.append(stack.enter_context(servers.p2phost(name, chosen.build, chosen.config, settings, core, folder)))
    for server in started:
        server.wait_until_listening()
    return started


def measure_all(chosen, generator: Generator, started: list[servers.Server]) -> list[dict]:
    """One record for each (round, case, depth, server)."""
    cases = CASES[:2] if chosen.redis_only else CASES
    records = []
    for number in range(chosen.rounds):
        # Every second round goes backwards, so that a machine that slows down favours nobody.
        in_turn = started if number % 2 == 0 else started[::-1]
        for case in cases:
            for depth in DEPTHS:
                for server in in_turn:
                    operation = case.redis if server.name == "Redis" else case.p2phost
                    figures = generator.measure(operation, server, depth, chosen.seconds)
                    records.append({"round": number, "case": case.name, "depth": depth, "server": server.name, **figures})
        print(f"round {number + 1} of {chosen.rounds} done", file=sys.stderr, flush=True)
    return records


# --- what it comes to -----------------------------------------------------------------------------------------------------


def spread(values: list[float], digits: int = 2) -> str:
    """Median, and in brackets the least and the greatest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def column(records: list[dict], key: str) -> list[float]:
    return [record[key] for record in records]


def table(records: list[dict]) -> list[str]:
    """A Markdown table; medians over the rounds, with the ratio to Redis round by round."""
    lines = ["| operation | depth | server | CPU µs/op | CPU to Redis | ops/s | ops/s to Redis | p50 µs | p99 µs |",
             "|---|---|---|---|---|---|---|---|---|"]
    groups: dict[tuple, list[dict]] = {}
    for record in records:
        groups.setdefault((record["case"], record["depth"], record["server"]), []).append(record)
    for (case, depth, server), own in sorted(groups.items(), key=lambda item: order_of(*item[0])):
        redis = groups[case, depth, "Redis"]
        cpu = spread([mine["cpu_us_per_op"] / theirs["cpu_us_per_op"] for mine, theirs in zip(own, redis)])
        rate = spread([mine["ops_per_second"] / theirs["ops_per_second"] for mine, theirs in zip(own, redis)])
        lines.append(f"| {case} | {depth} | {server} | {spread(column(own, 'cpu_us_per_op'))} | {cpu} "
                     f"| {statistics.median(column(own, 'ops_per_second')):,.0f} | {rate} "
                     f"| {statistics.median(column(own, 'p50_us')):.0f} | {statistics.median(column(own, 'p99_us')):.0f} |")
    return lines


def order_of(case: str, depth: int, server: str) -> tuple:
    return [known.name for known in CASES].index(case), depth, server != "Redis", server


def build_type(build: Path) -> str:
    lines = (build / "CMakeCache.txt").read_text().splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("CMAKE_BUILD_TYPE:")), "unknown")


def machine() -> dict:
    program = servers.redis_program()
    version = subprocess.run(["redis-server", "--version"], executable=program, capture_output=True, text=True).stdout
    redis = next((word[2:] for word in version.split() if word.startswith("v=")), "unknown")
    return {**machine_alone(), "redis": redis}


def machine_alone() -> dict:
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    return {"date": datetime.date.today().isoformat(), "cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def main() -> int:
    chosen = arguments()
    server_core, generator_core = choose_cores()
    generator = Generator(chosen.build, generator_core)
    about = {**machine(), "build": build_type(chosen.build)}
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        started = start_servers(chosen, server_core, Path(folder), stack)
        for server in started:
            generator.fill("redis-set" if server.name == "Redis" else "p2phost-write", server)
        records = measure_all(chosen, generator, started)
    print(f"{about['date']}, {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, Redis {about['redis']}, "
          f"{about['build']} build; "
          f"{VALUE_BYTES} B values, {KEYS:,} keys of {KEY_BYTES} B, {CONNECTIONS} connections, {chosen.rounds} rounds of "
          f"{chosen.seconds:g} s, {'one core a server' if server_core is not None else 'cores shared'}\n")
    print("\n".join(table(records)))
    chosen.json.write_text(json.dumps({"machine": about, "runs": records}, indent=1) + "\n")
    print(f"\nsingle figures: {chosen.json}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as failure:
        sys.exit(f"bench: {failure}")
