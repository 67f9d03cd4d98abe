#!/usr/bin/env python3
"""Measures a lone server at rest: how long it takes to start, and what it costs while nobody asks.

From the start of the process to the first answered call, with both plugins: a read, which needs the store and the locator below
it. Then CPU time and memory of one that idles. Redis beside it, asked for GET.
"""
import argparse
import socket
import struct
import tempfile
import time
from pathlib import Path

import report
import script
import servers

SETTLE_SECONDS = 2.0  # a node that has just started still frees what starting took
PAUSE_SECONDS = 0.0002  # between two attempts; a hundredth of what is measured

READ = b"\x80\x01\x00\x01" + struct.pack(">I", 14) + b"diststore:read" + struct.pack(">I", 7) \
    + b"\x0b\x00\x01" + struct.pack(">I", 7) + b"missing" + b"\x0c\x00\x02\x00" + b"\x00"
# Version and type (a reply), the method, the sequence id; a result whose `found` is false.
READ_ANSWER = b"\x80\x01\x00\x02" + struct.pack(">I", 4) + b"read" + struct.pack(">I", 7) + b"\x0c\x00\x00\x02\x00\x01\x00"
CALLS = {"p2phost": (struct.pack(">I", len(READ)) + READ, lambda answer: answer[4:].startswith(READ_ANSWER)),
         "Redis": (b"*2\r\n$3\r\nGET\r\n$7\r\nmissing\r\n", lambda answer: answer.startswith(b"$-1\r\n"))}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--starts", type=int, default=20, help="how often each is started")
    parser.add_argument("--idle-seconds", type=float, default=30, help="how long it is watched at rest")
    script.add_places(parser, "start")
    return script.parse(parser)


def start(name: str, chosen, folder: Path) -> servers.Server:
    if name == "Redis":
        return servers.redis(None, folder)
    return servers.p2phost(name, chosen.build, chosen.config, [], None, folder)


def first_answer_ms(name: str, server: servers.Server) -> float:
    """From the start of the process to the answer of a call."""
    request, is_answer = CALLS[name]
    deadline = time.monotonic() + servers.START_SECONDS_MAX
    while server.is_running() and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", server.port), 1) as connection:
                connection.settimeout(servers.START_SECONDS_MAX)
                connection.sendall(request)
                answer = connection.recv(4096)
                took = time.monotonic() - server.started_at
        except ConnectionError:
            time.sleep(PAUSE_SECONDS)
            continue
        if not is_answer(answer):
            raise server.failure(f"answered its first call with {answer!r}")
        return took * 1e3
    raise server.failure("did not answer a call")


def rest(server: servers.Server, seconds: float) -> dict:
    time.sleep(SETTLE_SECONDS)
    began_at, cpu_before = time.monotonic(), server.cpu_seconds()
    time.sleep(seconds)
    cpu = server.cpu_seconds() - cpu_before
    return {"idle_cpu_percent": 100 * cpu / (time.monotonic() - began_at), **server.memory()}


def measure(name: str, number: int, chosen, is_last: bool) -> dict:
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, start(name, chosen, Path(folder)) as server:
        found = {"server": name, "start": number, "first_answer_ms": first_answer_ms(name, server)}
        return {**found, **rest(server, chosen.idle_seconds)} if is_last else found


def main() -> int:
    chosen = arguments()
    records = [measure(name, number, chosen, number == chosen.starts - 1)
               for number in range(chosen.starts) for name in (list(CALLS) if number % 2 == 0 else list(CALLS)[::-1])]
    about = {**report.machine_alone(), "redis": report.redis_version(), "build": report.build_type(chosen.build)}
    print(f"{report.machine_text(about)}; {chosen.starts} starts of each on all cores, one at a time; a lone node of "
          f"{chosen.config.name} that looks for nobody; at rest for {chosen.idle_seconds:g} s\n")
    print("| server | first answered call, ms | idle CPU % of a core | idle RSS MiB | idle PSS MiB |\n|---|---|---|---|---|")
    for name in CALLS:
        own = [record for record in records if record["server"] == name]
        idle = next(record for record in own if "Rss" in record)
        print(f"| {name} | {report.spread(report.column(own, 'first_answer_ms'), 1)} | {idle['idle_cpu_percent']:.3f} "
              f"| {idle['Rss'] / 2**20:.1f} | {idle['Pss'] / 2**20:.1f} |")
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("start", main)
