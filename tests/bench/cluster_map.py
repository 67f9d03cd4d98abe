#!/usr/bin/env python3
"""Measures an agreed cluster of real processes: how fast it forms, how fast a death is known by all, and what it costs at rest.

All nodes share this machine and run the locator alone, in a network of their own where the system allows that. "Known by all" is
what every other node answers to locator:get_all, asked again and again. Medians and worst of --rounds.
"""
import argparse
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import own_network
import report
import script
import servers

FIRST_PORT = 9900
FORM_SECONDS_MAX = 180  # a hundred processes on a machine that does other work too
ASK_PAUSE = 0.002
FORM_PAUSE = 0.05  # whoever asks hundreds of nodes that start takes CPU time from them
IDLE_SECONDS = 20
SETTLE_SECONDS_MAX = 180  # until copies are where they belong

_CALL = b"\x80\x01\x00\x01" + struct.pack(">I", 15) + b"locator:get_all" + struct.pack(">I", 7) + b"\x00"
GET_ALL = struct.pack(">I", len(_CALL)) + _CALL


class Node:
    """One process. `port` is where it is asked."""

    def __init__(self, chosen, folder: Path, number: int, port: int, *settings: str):
        self.port = port
        self.log = folder / f"{number}.log"
        self._command = [str(chosen.build / "bin/p2phost"), "--config", str(chosen.config), "--data-dir", str(folder / str(number)),
                         *settings]
        self.process = None
        self._connection = None

    def start(self):
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(self._command, stdout=output, stderr=subprocess.STDOUT)

    def send(self, number: int):
        self.process.send_signal(number)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def ports(self) -> set[int] | None:
        """Of the members that it knows; None: it does not answer."""
        try:
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", self.port), 5)
                self._connection.settimeout(5)
            self._connection.sendall(GET_ALL)
            return read_ports(self._read_frame())
        except OSError:
            self._connection = None
            return None

    def _read_frame(self) -> bytes:
        size = struct.unpack(">I", self._read(4))[0]
        return self._read(size)

    def _read(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            part = self._connection.recv(size - len(got))
            if not part:
                raise ConnectionResetError
            got += part
        return got

    def cpu_seconds(self) -> float:
        return time.clock_gettime(~self.process.pid << 3 | 2)  # as in servers.py


def read_ports(reply: bytes) -> set[int]:
    """A reply of get_all: a list of structs {1: string address, 2: i16 port}."""
    at = 4
    at += 4 + struct.unpack_from(">I", reply, at)[0] + 4  # the method's name, the sequence id
    if reply[3] != 2 or reply[at] != 15:
        return set()
    count = struct.unpack_from(">I", reply, at + 4)[0]
    at += 8
    found = set()
    for _ in range(count):
        at += 3
        at += 4 + struct.unpack_from(">I", reply, at)[0] + 3
        found.add(struct.unpack_from(">H", reply, at)[0])
        at += 3
    return found


def wait_until_all_know(nodes: list[Node], ports: set[int], seconds: float, pause: float = ASK_PAUSE) -> float:
    """Until each node answers with exactly these members; how long that took."""
    began = time.monotonic()
    waiting = list(nodes)
    while waiting:
        waiting = [node for node in waiting if node.ports() != ports]
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"{len(waiting)} of {len(nodes)} nodes do not know the {len(ports)} members after {seconds} s: "
                               f"ports {[node.port for node in waiting][:5]}, such as {waiting[0].ports()}\n"
                               + waiting[0].log.read_text()[-2000:])
        if waiting:
            time.sleep(pause)
    return time.monotonic() - began


def started(stack: ExitStack, chosen, folder: Path, count: int, *settings: str) -> list[Node]:
    """`count` nodes at once, all from one line: each takes the next free port."""
    nodes = [Node(chosen, folder, number, FIRST_PORT + number, "--set", f"host.port_search={max(count, 40)}", *settings)
             for number in range(count)]
    for node in nodes:
        stack.callback(node.end)
        node.start()
    return nodes


def by_port(nodes: list[Node]) -> dict[int, Node]:
    """Who took which port: the logs say so."""
    taken = {}
    for node in nodes:
        line = next(line for line in node.log.read_text().splitlines() if "listening on" in line)
        taken[int(line.split("listening on ")[1].split(",")[0].rsplit(":", 1)[1])] = node
    for port, node in taken.items():
        node.port = port
    return taken


def form(stack: ExitStack, chosen, folder: Path, count: int) -> tuple[list[Node], float]:
    began = time.monotonic()
    nodes = started(stack, chosen, folder, count)
    ports = set(range(FIRST_PORT, FIRST_PORT + count))
    wait_until_all_know(nodes, ports, FORM_SECONDS_MAX, FORM_PAUSE)
    took = time.monotonic() - began
    by_port(nodes)
    return nodes, took


def false_deaths(nodes: list[Node]) -> int:
    return sum(node.log.read_text().count(" is down") for node in nodes)


def forming(chosen, count: int, rounds: int) -> dict:
    times, deaths = [], 0
    for _ in range(rounds):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="p2pbench-")))
            nodes, took = form(stack, chosen, folder, count)
            times.append(took)
            deaths += false_deaths(nodes)
    return {"what": f"{count} started at once: one network", "seconds": times, "notes": f"{deaths} false deaths"}


def wait_until_at_rest(nodes: list[Node]):
    """Until nothing is moved any more: the processes need next to no time."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while time.monotonic() < deadline:
        before = sum(node.cpu_seconds() for node in nodes)
        time.sleep(1)
        if sum(node.cpu_seconds() for node in nodes) - before < 0.004 * len(nodes):
            return
    raise RuntimeError("the network does not come to rest")


def one_death(nodes: list[Node], victim: Node, number: int) -> float:
    others = [node for node in nodes if node is not victim]
    for node in others:
        node.ports()
    began = time.monotonic()
    victim.send(number)
    wait_until_all_know(others, {node.port for node in others}, FORM_SECONDS_MAX)
    return time.monotonic() - began


def deaths(chosen, count: int, rounds: int) -> list[dict]:
    """kill -9, restart, SIGSTOP and SIGCONT of one node after the other, the first voters among them."""
    found = {name: [] for name in ("kill -9: known by all", "restarted: known by all", "SIGSTOP: known by all",
                                   "SIGCONT: known by all")}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="p2pbench-")))
        nodes, _ = form(stack, chosen, folder, count)
        wait_until_at_rest(nodes)
        cost = resting(nodes)
        everyone = {node.port for node in nodes}
        for number in range(rounds):
            victim = nodes[number * 7 % count]
            found["kill -9: known by all"].append(one_death(nodes, victim, signal.SIGKILL))
            victim.process.wait()
            began = time.monotonic()
            victim.start()
            wait_until_all_know(nodes, everyone, FORM_SECONDS_MAX)
            found["restarted: known by all"].append(time.monotonic() - began)
            wait_until_at_rest(nodes)
            found["SIGSTOP: known by all"].append(one_death(nodes, victim, signal.SIGSTOP))
            began = time.monotonic()
            victim.send(signal.SIGCONT)
            wait_until_all_know(nodes, everyone, FORM_SECONDS_MAX)
            found["SIGCONT: known by all"].append(time.monotonic() - began)
            wait_until_at_rest(nodes)
    return [{"what": f"{count} nodes, {name}", "seconds": times, "notes": ""} for name, times in found.items()] + [
        {"what": f"{count} nodes at rest: % of a core, a node", "seconds": cost[5:] or cost, "notes": ""},
        {"what": f"{count} nodes at rest: % of a core, the busiest five", "seconds": cost[:5], "notes": "voters"}]


def resting(nodes: list[Node]) -> list[float]:
    """Percent of a core that each needs, the busiest first."""
    before = [node.cpu_seconds() for node in nodes]
    time.sleep(IDLE_SECONDS)
    return sorted((100 * (node.cpu_seconds() - first) / IDLE_SECONDS for node, first in zip(nodes, before)), reverse=True)


def table(records: list[dict]) -> list[str]:
    lines = ["| what | median (least-worst) | times | notes |", "|---|---|---|---|"]
    for record in records:
        digits = 3 if "%" in record["what"] else 2
        lines.append(f"| {record['what']} | {report.spread(record['seconds'], digits)} | {len(record['seconds'])} | {record['notes']} |")
    return lines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=10, help="how often each is measured")
    parser.add_argument("--nodes", type=int, nargs="*", default=[20], help="sizes of the networks in which nodes die, and rest; 100: 10 minutes more")
    parser.add_argument("--starts", type=int, nargs="*", default=[3, 10, 200], help="how many are started at once")
    script.add_places(parser, "cluster_map")
    parser.set_defaults(config=servers.ROOT / "etc/locator.toml")
    return script.parse(parser)


def main() -> int:
    chosen = arguments()
    if not own_network.enter():
        print("the nodes share the loopback with whatever else uses it", flush=True)
    records = []
    for count in chosen.starts:
        records.append(forming(chosen, count, max(1, chosen.rounds * 10 // max(count, 10))))
        print(table(records)[-1], flush=True)
    for count in chosen.nodes:
        records += deaths(chosen, count, chosen.rounds)
        print("\n".join(table(records)[-6:]), flush=True)
    about = {**report.machine_alone(), "build": report.build_type(chosen.build), "load_average": os.getloadavg()}
    print(f"{about['date']}, {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, {about['build']} build\n")
    print("\n".join(table(records)))
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("cluster-map", main)
