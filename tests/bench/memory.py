#!/usr/bin/env python3
"""Measures what keys take in memory: a lone node, Redis and memcached are each filled with the same million."""
import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

import plan
import report
import run
import script
import servers

KEYS = 1_000_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--keys", type=int, default=KEYS, help="how many")
    parser.add_argument("--value-bytes", type=int, default=plan.VALUE_BYTES, help="size of each value")
    script.add_places(parser, "memory")
    return script.parse(parser)


def measure(kind: str, server: servers.Server, chosen, generator: run.Generator) -> dict:
    empty = server.memory()
    generator.run(plan.OPERATIONS["write"][kind], server, "--keys", str(chosen.keys), "--value-bytes", str(chosen.value_bytes),
                  "--each-key-once", "--depth", "16")
    # Every one of them must still be there, or it is another measurement.
    generator.run(plan.OPERATIONS["read"][kind], server, "--keys", str(chosen.keys), "--value-bytes", str(chosen.value_bytes),
                  "--each-key-once", "--depth", "16", "--check")
    full = server.memory()
    return {"server": server.name, "keys": chosen.keys, "payload_bytes": chosen.keys * (plan.KEY_BYTES + chosen.value_bytes),
            "empty": empty, "full": full, "bytes_per_key": (full["Rss"] - empty["Rss"]) / chosen.keys}


def main() -> int:
    chosen = arguments()
    generator = run.Generator(chosen.build, None)
    records = []
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as name, ExitStack() as stack:
        folder = Path(name)
        for kind, make in (("p2phost", lambda: servers.p2phost("p2phost", chosen.build, chosen.config, [], None, folder)),
                           ("redis", lambda: servers.redis(None, folder)),
                           ("memcached", lambda: servers.memcached(None, folder))):
            server = stack.enter_context(make())
            server.wait_until_listening()
            records.append(measure(kind, server, chosen, generator))
    about = {**report.machine_alone(), "redis": report.redis_version(), "memcached": report.memcached_version(),
             "build": report.build_type(chosen.build)}
    print(f"{report.machine_text(about)}; {chosen.keys:,} keys of {plan.KEY_BYTES} B with values of {chosen.value_bytes} B, each written "
          f"once and read back\n")
    print("| server | RSS MiB | PSS MiB | empty RSS MiB | bytes a key | times key and value |\n|---|---|---|---|---|---|")
    for record in records:
        full, empty = record["full"], record["empty"]
        print(f"| {record['server']} | {full['Rss'] / 2**20:.1f} | {full['Pss'] / 2**20:.1f} | {empty['Rss'] / 2**20:.1f} "
              f"| {record['bytes_per_key']:.0f} | {record['bytes_per_key'] * record['keys'] / record['payload_bytes']:.2f} |")
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("memory", main)
