#!/usr/bin/env python3
"""Measures a hand-over: keys a second from a node that holds two million to one that joins, and what clients feel meanwhile.

A second node joins while clients read random keys through the first. The same clients do the same again once the hand-over is
done: the network is the same, half of the calls are passed on either way, and only the move of the keys is missing. At last the
joiner gives everything back while nobody asks: CPU time of either side, and bytes on the wire.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import own_network
import report
import run
import script
import servers

# Of which the joiner gets about a half.
KEYS = 2_000_000
# Clients that leave the machine some room, as a service in use does: p2pbench saturates it with more.
CONNECTIONS = 4
WINDOW_SECONDS = 1.0
WAIT_SECONDS_MAX = 120


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often it is repeated, with new nodes each time")
    parser.add_argument("--keys", type=int, default=KEYS, help="keys that the first node holds")
    script.add_places(parser, "hand_over")
    return script.parse(parser)


class Node:
    """A server, and what p2pctl tells of it."""

    def __init__(self, server: servers.Server, build: Path):
        self.server = server
        self._ctl = build / "bin/p2pctl"

    def ask(self, verb: str) -> dict:
        command = [str(self._ctl), "--node", f"127.0.0.1:{self.server.port}", "--json", verb]
        done = subprocess.run(command, capture_output=True, text=True)
        return json.loads(done.stdout) if done.stdout else {}

    def gauges(self) -> dict:
        services = self.ask("status").get("services", [])
        return next((service["gauges"] for service in services if service["name"] == "diststore"), {})


def start(name: str, settings: list[str], chosen, folder: Path, stack: ExitStack) -> Node:
    server = stack.enter_context(servers.p2phost(name, chosen.build, chosen.config, [*servers.CLASSIC, *settings], None, folder))
    server.wait_until_listening()
    return Node(server, chosen.build)


def load(node: Node, chosen, *options: str) -> dict:
    command = [str(chosen.build / "bin/p2pbench"), "p2phost-read", "--port", str(node.server.port), "--keys", str(chosen.keys),
               "--key-bytes", str(run.KEY_BYTES), "--value-bytes", str(run.VALUE_BYTES), "--connections", str(CONNECTIONS),
               *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def fill(node: Node, chosen):
    command = [str(chosen.build / "bin/p2pbench"), "p2phost-write", "--port", str(node.server.port), "--keys", str(chosen.keys),
               "--key-bytes", str(run.KEY_BYTES), "--value-bytes", str(run.VALUE_BYTES), "--connections", "50",
               "--each-key-once", "--depth", "16"]
    subprocess.run(command, check=True, capture_output=True)


def one_round(chosen, number: int) -> dict:
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        donor = start(f"donor {number}", [], chosen, Path(folder), stack)
        fill(donor, chosen)
        cpu_before = donor.server.cpu_seconds()
        joined_at = time.monotonic()
        settings = [f'services.locator.config.join=["127.0.0.1:{donor.server.port}"]']
        joiner = start(f"joiner {number}", settings, chosen, Path(folder), stack)
        during = []
        while time.monotonic() - joined_at < WAIT_SECONDS_MAX:
            window = load(donor, chosen, "--seconds", str(WINDOW_SECONDS))
            if donor.gauges().get("moving_keys_left", 0) == 0:
                break  # this one saw the end of it
            during.append(window)
        receipts = [receipt for receipt in joiner.ask("receipts")["receipts"] if receipt["complete"]]
        without = [load(donor, chosen, "--seconds", str(WINDOW_SECONDS)) for _ in range(max(len(during), 3))]
        # Alone, as fast as it goes: the joiner gives everything back, and nobody reads.
        quiet = leave(joiner, donor, chosen)
        moved = max(receipts, key=lambda receipt: receipt["keys"])
        return {"round": number, "keys": moved["keys"], "bytes": moved["bytes"], "ms": moved["duration_ms"],
                "keys_per_s_under_load": moved["keys"] * 1000 / moved["duration_ms"], **quiet,
                "p99_us_during": [window["p99_us"] for window in during],
                "p99_us_without": [window["p99_us"] for window in without],
                "ops_during": [window["ops_per_second"] for window in during],
                "ops_without": [window["ops_per_second"] for window in without],
                "cpu_s_of_donor": donor.server.cpu_seconds() - cpu_before}


def leave(leaver: Node, receiver: Node, chosen) -> dict:
    """The joiner leaves again, and nobody else is there: how fast it goes by itself, and what it costs both nodes."""
    cpu_before = {node: node.server.cpu_seconds() for node in (leaver, receiver)}
    cpu_of_leaver = cpu_before[leaver]
    wire_before = own_network.bytes_so_far()
    name = f"127.0.0.1:{leaver.server.port}"
    subprocess.run([str(chosen.build / "bin/p2pctl"), "--node", name, "leave", "--no-wait"], check=True, capture_output=True)
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while leaver.server.is_running() and time.monotonic() < deadline:
        try:
            cpu_of_leaver = max(cpu_of_leaver, leaver.server.cpu_seconds())
        except OSError:
            break
        time.sleep(0.02)
    cpu = {"giver": cpu_of_leaver - cpu_before[leaver], "taker": receiver.server.cpu_seconds() - cpu_before[receiver]}
    wire_bytes = own_network.bytes_so_far() - wire_before
    given = [receipt for receipt in receiver.ask("receipts")["receipts"] if receipt["donor"] == name]
    keys = sum(receipt["keys"] for receipt in given)
    ms = (max(receipt["started_at_ms"] + receipt["duration_ms"] for receipt in given)
          - min(receipt["started_at_ms"] for receipt in given))
    return {"quiet_keys": keys, "quiet_ms": ms, "quiet_keys_per_s": keys * 1000 / max(ms, 1),
            "quiet_cpu_us_per_key": sum(cpu.values()) * 1e6 / max(keys, 1),
            **{f"quiet_cpu_us_per_key_of_{side}": seconds * 1e6 / max(keys, 1) for side, seconds in cpu.items()},
            "quiet_wire_bytes_per_key": wire_bytes / max(keys, 1) if chosen.has_own_network else None,
            "quiet_missing": chosen.keys - receiver.gauges()["keys"]}


def main() -> int:
    chosen = arguments()
    chosen.has_own_network = own_network.enter()
    rounds = []
    for number, _ in script.rounds(chosen.rounds):
        rounds.append(one_round(chosen, number))
    about = {**report.machine_alone(), "build": report.build_type(chosen.build)}
    print(f"{about['date']}, {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, {about['build']} build; "
          f"{chosen.keys:,} keys of {run.KEY_BYTES} B and {run.VALUE_BYTES} B at the first node, {CONNECTIONS} connections that "
          f"read, {chosen.rounds} rounds\n")
    print("| | median (least-greatest) |\n|---|---|")
    rows = {"keys that a joiner got, clients reading": [entry["keys"] for entry in rounds],
            "keys a second, clients reading": [entry["keys_per_s_under_load"] for entry in rounds],
            "keys a second, nobody else there": [entry["quiet_keys_per_s"] for entry in rounds],
            "keys that are missing after both moves": [entry["quiet_missing"] for entry in rounds],
            "CPU us a key, both nodes, nobody else there": [entry["quiet_cpu_us_per_key"] for entry in rounds],
            "CPU us a key, who gives it": [entry["quiet_cpu_us_per_key_of_giver"] for entry in rounds],
            "CPU us a key, who takes it": [entry["quiet_cpu_us_per_key_of_taker"] for entry in rounds],
            f"bytes on the wire a key of {run.KEY_BYTES + run.VALUE_BYTES} B, both directions, TCP/IP heads too":
                [entry["quiet_wire_bytes_per_key"] for entry in rounds if entry["quiet_wire_bytes_per_key"] is not None],
            "clients' p99 us during it": [value for entry in rounds for value in entry["p99_us_during"]],
            "clients' p99 us without it": [value for entry in rounds for value in entry["p99_us_without"]],
            "p99 during to without": [statistics.median(entry["p99_us_during"]) / statistics.median(entry["p99_us_without"])
                                      for entry in rounds if entry["p99_us_during"]]}
    for name, values in rows.items():
        digits = 2 if "to without" in name or "CPU" in name else 0
        print(f"| {name} | {report.spread(values, digits) if values else '-'} |")
    chosen.json.write_text(json.dumps({"machine": about, "rounds": rounds}, indent=1) + "\n")
    print(f"\nsingle figures: {chosen.json}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    script.run("hand_over", main)
