"""What does it come to? Tables of what was measured, and the machine that it was measured on."""
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import plan
import servers


def spread(values: list[float], digits: int = 2) -> str:
    """Median, and in brackets the least and the greatest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def column(records: list[dict], key: str) -> list[float]:
    return [record[key] for record in records]


def median_of(records: list[dict], key: str) -> float:
    return statistics.median(column(records, key))


def ratios(own: list[dict], theirs: list[dict], key: str) -> str:
    """Round by round: only neighbours in time are compared."""
    by_round = {record["round"]: record[key] for record in theirs}
    return spread([record[key] / by_round[record["round"]] for record in own if record["round"] in by_round])


def size_text(value_bytes: int) -> str:
    for unit, bytes_of in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if value_bytes % bytes_of == 0:
            return f"{value_bytes // bytes_of} {unit}"
    return f"{value_bytes} B"


def grouped(records: list[dict]) -> dict[tuple, dict[str, list[dict]]]:
    """Point -> server -> its rounds, in the order of the first round."""
    points: dict[tuple, dict[str, list[dict]]] = {}
    for record in records:
        point = (record["operation"], record["connections"], record["depth"], record["value_bytes"])
        points.setdefault(point, {}).setdefault(record["server"], []).append(record)
    return points


def table(records: list[dict]) -> list[str]:
    """Every server at every point, with its ratio to Redis."""
    lines = ["| operation | connections | depth | value | server | CPU µs/op | CPU to Redis | ops/s | ops/s to Redis | p50 µs "
             "| p99 µs | p99.9 µs |", "|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for (operation, connections, depth, value_bytes), of_server in grouped(records).items():
        redis = of_server["Redis"]
        for server, own in of_server.items():
            lines.append(f"| {operation} | {connections} | {depth} | {size_text(value_bytes)} | {server} "
                         f"| {spread(column(own, 'cpu_us_per_op'))} | {ratios(own, redis, 'cpu_us_per_op')} "
                         f"| {median_of(own, 'ops_per_second'):,.0f} | {ratios(own, redis, 'ops_per_second')} "
                         f"| {median_of(own, 'p50_us'):.0f} | {median_of(own, 'p99_us'):.0f} | {median_of(own, 'p999_us'):.0f} |")
    return lines


def passed_on_table(records: list[dict]) -> list[str]:
    """What it costs to ask another node than the owner; CPU time of all three nodes."""
    lines = ["| three nodes | operation | connections | depth | CPU µs/op | to the owner asked | p50 µs | p99 µs |",
             "|---|---|---|---|---|---|---|---|"]
    for (operation, connections, depth, _), of_server in grouped(records).items():
        direct = of_server.get(plan.DIRECT)
        if not direct:
            continue
        for name in (plan.DIRECT, plan.PASSED_ON):
            own = of_server[name]
            lines.append(f"| {name.removeprefix('3 nodes, ')} | {operation} | {connections} | {depth} "
                         f"| {spread(column(own, 'cpu_us_per_op'))} | {ratios(own, direct, 'cpu_us_per_op')} | {median_of(own, 'p50_us'):.0f} | {median_of(own, 'p99_us'):.0f} |")
    return lines


# --- the machine ----------------------------------------------------------------------------------------------------------


def build_type(build: Path) -> str:
    lines = (build / "CMakeCache.txt").read_text().splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("CMAKE_BUILD_TYPE:")), "unknown")


def machine_alone() -> dict:
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    return {"date": datetime.date.today().isoformat(), "cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def redis_version() -> str:
    told = subprocess.run(["redis-server", "--version"], executable=servers.redis_program(), capture_output=True, text=True).stdout
    return next((word[2:] for word in told.split() if word.startswith("v=")), "unknown")


def memcached_version() -> str:
    told = subprocess.run([servers.memcached_program(), "--version"], capture_output=True, text=True).stdout
    return told.split()[-1] if told.split() else "unknown"


def machine_text(about: dict) -> str:
    return (f"{about['date']}, {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, "
            + "".join(f"{name} {about[name.lower()]}, " for name in ("Redis", "memcached") if name.lower() in about)
            + f"{about['build']} build")


def keep(path: Path, about: dict, records: list[dict]):
    """Writes the figures of each single run beside the table that was printed."""
    path.write_text(json.dumps({"machine": about, "runs": records}, indent=1) + "\n")
    print(f"\nsingle figures: {path}", file=sys.stderr)
