#!/usr/bin/env python3
"""Measures what clients that hardly read cost everybody else: the others' latency with and without them, and the node's memory.

Thousands of connections read small values, one call at a time each. In every second run some thousands more ask for a value of
1 MiB and read a few KiB of it a second; whom the node closes comes back after a pause. A ratio compares neighbours in time only.
"""
import argparse
import json
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import report
import run
import script
import servers

BIG_VALUE_BYTES = 1 << 20
# What one slow reader takes with each look, and how often it looks: its value would take over four minutes.
SIP_BYTES = 4096
SIP_SECONDS = 1.0
TICKS = 20  # of one SIP_SECONDS; each tick is the turn of some readers
# A client that was closed tries again, but not at once.
RECONNECT_SECONDS = 30.0
# Until all have come, and have got what the node gives them.
SETTLE_SECONDS = 10.0
# Descriptors that the node and each client process need besides those of the connections.
SPARE_DESCRIPTORS = 200


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--connections", type=int, default=10_000, help="all together")
    parser.add_argument("--slow", type=int, default=2_000, help="how many of these read slowly")
    parser.add_argument("--rounds", type=int, default=5, help="how often it is repeated, with and without")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement")
    parser.add_argument("--bound", default="256MiB", help="[host] waiting_bytes_max of the node")
    script.add_places(parser, "slow_readers")
    return script.parse(parser)


# --- the slow readers -----------------------------------------------------------------------------------------------------


def framed_call(method: bytes, arguments_bytes: bytes) -> bytes:
    """A framed strict binary call of diststore.Store."""
    name = b"diststore:" + method
    message = b"\x80\x01\x00\x01" + struct.pack("!i", len(name)) + name + struct.pack("!i", 1) + arguments_bytes
    return struct.pack("!i", len(message)) + message


def binary_field(number: int, value: bytes) -> bytes:
    return struct.pack("!bhi", 11, number, len(value)) + value


def write_big_value(port: int):
    empty_options = struct.pack("!bhb", 12, 3, 0)
    request = framed_call(b"write", binary_field(1, b"big") + binary_field(2, b"v" * BIG_VALUE_BYTES) + empty_options + b"\0")
    with socket.create_connection(("127.0.0.1", port), 10) as writer:
        writer.sendall(request)
        if not writer.recv(4096):
            raise RuntimeError("the node did not acknowledge the big value")


READ_BIG_VALUE = framed_call(b"read", binary_field(1, b"big") + struct.pack("!bhb", 12, 2, 0) + b"\0")


class SlowReaders(threading.Thread):
    """Connections that each ask for the big value and sip from it, from start() to stop()."""

    def __init__(self, port: int, count: int):
        super().__init__()
        self._port = port
        self._count = count
        self._groups: list[list[socket.socket]] = [[] for _ in range(TICKS)]
        self._missing: list[float] = [0.0] * count  # when each that is not connected may try again
        self._is_over = threading.Event()
        self.closed = 0  # by the node
        self.sipped_bytes = 0

    def run(self):
        tick = 0
        while not self._is_over.wait(SIP_SECONDS / TICKS):
            group = self._groups[tick % TICKS]
            self._sip(group)
            self._connect(group)
            tick += 1
        for group in self._groups:
            for reader in group:
                reader.close()

    def connected(self) -> int:
        return sum(len(group) for group in self._groups)

    def stop(self):
        self._is_over.set()
        self.join()

    def _connect(self, group: list):
        room = -(-self._count // TICKS) - len(group)
        now = time.monotonic()
        for _ in range(room):
            if not self._missing or self._missing[0] > now:
                break
            self._missing.pop(0)
            reader = socket.socket()
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * SIP_BYTES)  # before connect: it bounds the window
            try:
                reader.connect(("127.0.0.1", self._port))
                reader.sendall(READ_BIG_VALUE)
                group.append(reader)
            except OSError:
                self._lost(reader)

    def _sip(self, group: list):
        for reader in list(group):
            try:
                taken = reader.recv(SIP_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError:
                taken = b""
            self.sipped_bytes += len(taken)
            if not taken:
                group.remove(reader)
                self._lost(reader)

    def _lost(self, reader: socket.socket):
        self.closed += 1
        reader.close()
        self._missing.append(time.monotonic() + RECONNECT_SECONDS)


# --- the node -------------------------------------------------------------------------------------------------------------


class MemoryWatch(threading.Thread):
    """The greatest resident memory of a process, and of the machine's TCP sockets, from start() to stop()."""

    def __init__(self, pid: int):
        super().__init__()
        self._pid = pid
        self._is_over = threading.Event()
        self.peak_bytes = 0
        self.kernel_peak_bytes = 0

    def run(self):
        while not self._is_over.wait(0.1):
            self.peak_bytes = max(self.peak_bytes, resident_bytes(self._pid))
            self.kernel_peak_bytes = max(self.kernel_peak_bytes, kernel_tcp_bytes())

    def stop(self):
        self._is_over.set()
        self.join()


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def kernel_tcp_bytes() -> int:
    found = re.search(r"^TCP: .* mem (\d+)", Path("/proc/net/sockstat").read_text(), re.MULTILINE)
    return int(found.group(1)) * resource.getpagesize()


def allowed_connections(wanted: int) -> int:
    """Raises this process's limit of descriptors, which its children inherit, and says how many connections that allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - SPARE_DESCRIPTORS)


def load(chosen, port: int, connections: int, core: int | None, *options: str) -> dict:
    command = [str(chosen.build / "bin/p2pbench"), "p2phost-read", "--port", str(port), "--keys", str(run.KEYS), "--key-bytes",
               str(run.KEY_BYTES), "--value-bytes", str(run.VALUE_BYTES), "--connections", str(connections), *options]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=servers.on_core(core))
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def fill(chosen, port: int, core: int | None):
    command = [str(chosen.build / "bin/p2pbench"), "p2phost-write", "--port", str(port), "--keys", str(run.KEYS), "--key-bytes",
               str(run.KEY_BYTES), "--value-bytes", str(run.VALUE_BYTES), "--each-key-once", "--depth", "16"]
    subprocess.run(command, check=True, capture_output=True, preexec_fn=servers.on_core(core))
    write_big_value(port)


def measure(chosen, server: servers.Server, others: int, slow: int, core: int | None) -> dict:
    readers = SlowReaders(server.port, slow)
    readers.start()
    time.sleep(SETTLE_SECONDS if slow else 0.0)
    memory = MemoryWatch(server.pid)
    memory.start()
    try:
        figures = load(chosen, server.port, others, core, "--seconds", str(chosen.seconds))
        connected = readers.connected()
    finally:
        memory.stop()
        readers.stop()
    return {**figures, "slow": slow, "slow_connected": connected, "slow_closed": readers.closed,
            "slow_bytes": readers.sipped_bytes, "rss_peak_bytes": memory.peak_bytes,
            "kernel_tcp_peak_bytes": memory.kernel_peak_bytes}


def main() -> int:
    chosen = arguments()
    connections = allowed_connections(chosen.connections)
    slow = min(chosen.slow, connections)
    if connections < chosen.connections:
        print(f"the hard limit of open files allows {connections} connections, not {chosen.connections}", file=sys.stderr)
    server_core, client_core = run.choose_cores()
    records = []
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        settings = [f"host.waiting_bytes_max={chosen.bound}", f"host.connections_max={connections + SPARE_DESCRIPTORS}"]
        server = stack.enter_context(
            servers.p2phost("p2phost", chosen.build, chosen.config, settings, server_core, Path(folder)))
        server.wait_until_listening()
        fill(chosen, server.port, client_core)
        if client_core is not None:
            os.sched_setaffinity(0, {client_core})  # the slow readers stay off the node's core too
        for number, turn in script.rounds(chosen.rounds):
            for count in (0, slow)[::turn]:
                records.append({"round": number, **measure(chosen, server, connections - slow, count, client_core)})
        log = (Path(folder) / "p2phost.log").read_text(errors="replace")
    about = {**report.machine_alone(), "build": report.build_type(chosen.build)}
    print_tables(chosen, about, records, connections, slow)
    chosen.json.write_text(json.dumps({"machine": about, "bound": chosen.bound, "runs": records}, indent=1) + "\n")
    print(f"\nlines of the node about its bound: {log.count('waiting_bytes_max')}; single figures: {chosen.json}", file=sys.stderr)
    return 0


def print_tables(chosen, about: dict, records: list[dict], connections: int, slow: int):
    without = [record for record in records if record["slow"] == 0]
    with_slow = [record for record in records if record["slow"] != 0]
    print(f"{about['date']}, {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, {about['build']} build; "
          f"{connections - slow:,} connections that read 100 B, {slow:,} that read 1 MiB at {SIP_BYTES} B/s, waiting_bytes_max "
          f"{chosen.bound}, {chosen.rounds} rounds of {chosen.seconds:g} s\n")
    print("| | without slow readers | with them | ratio, round by round |\n|---|---|---|---|")
    for name, key, scale in (("others' p50, ms", "p50_us", 1e-3), ("others' p99, ms", "p99_us", 1e-3),
                             ("others' calls a second", "ops_per_second", 1), ("peak RSS of the node, MiB", "rss_peak_bytes", 2**-20),
                             ("peak of the machine's TCP buffers, MiB", "kernel_tcp_peak_bytes", 2**-20)):
        columns = [[record[key] * scale for record in chosen_records] for chosen_records in (without, with_slow)]
        ratios = [second / first for first, second in zip(*columns)] if all(columns[0]) else [0.0]
        digits = 1 if scale == 1e-3 else 0
        print(f"| {name} | {report.spread(columns[0], digits)} | {report.spread(columns[1], digits)} | {report.spread(ratios)} |")
    print(f"\nslow readers connected at the end of a run: {report.spread([record['slow_connected'] for record in with_slow], 0)}; "
          f"closed by the node in a run: {report.spread([record['slow_closed'] for record in with_slow], 0)}")


if __name__ == "__main__":
    script.run("slow_readers", main)
