#!/usr/bin/env python3
"""Measures what clients of the store feel while another service of the node is switched off and on fifty times.

Each round loads the same node three times, in changing order: by itself; while `p2pctl services` is run as often as p2pctl is
for the switching, which costs the machine as much and the node next to nothing; and while `p2pctl disable work --force` and
`enable work` take turns. A call that fails ends the measurement. Cores are shared as the scheduler likes. On a machine that is not
idle, start it by `chrt -r 1`: node and generator go before all others then, p2pctl does not.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import report
import run
import script
import servers

TOGGLES = 50
# Clients that leave the machine some room: with more, they measure each other.
CONNECTIONS = 4
ALONE, ASKED, TOGGLED = "alone", "p2pctl services", "disable and enable work"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often all three are measured")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each, with 50 times off and on spread over it")
    script.add_places(parser, "toggling")
    return script.parse(parser)


def like_any_program():
    """For preexec_fn: what an operator runs has no part in the priority of what is measured."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Operator:
    """Runs p2pctl in pairs, TOGGLES of them evenly over a time, on a thread of its own."""

    def __init__(self, node: servers.Server, chosen, pair: list[list[str]]):
        self._command = [str(chosen.build / "bin/p2pctl"), "--node", f"127.0.0.1:{node.port}"]
        self._pair = pair
        self._pause = chosen.seconds / TOGGLES
        self._thread = threading.Thread(target=self._run)
        self.failure = None
        self.ms = []  # of each pair

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()

    def _run(self):
        begun = time.monotonic()
        for number in range(TOGGLES):
            time.sleep(max(0.0, begun + number * self._pause - time.monotonic()))
            before = time.monotonic()
            for words in self._pair:
                done = subprocess.run([*self._command, *words], capture_output=True, text=True, preexec_fn=like_any_program)
                if done.returncode != 0:
                    self.failure = f"p2pctl {' '.join(words)}: {done.stdout}{done.stderr}"
                    return
            self.ms.append((time.monotonic() - before) * 1000)


PAIRS = {ALONE: [], ASKED: [["services"], ["services"]], TOGGLED: [["disable", "work", "--force"], ["enable", "work"]]}


def load(node: servers.Server, chosen, operation: str, *options: str) -> dict:
    command = [str(chosen.build / "bin/p2pbench"), operation, "--port", str(node.port), "--keys", str(run.KEYS), "--key-bytes",
               str(run.KEY_BYTES), "--value-bytes", str(run.VALUE_BYTES), "--connections", str(CONNECTIONS), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def measure(node: servers.Server, chosen, what: str) -> dict:
    """The load for its time; the operator begins with it, and may end a little later."""
    before = node.cpu_seconds()
    if not PAIRS[what]:
        figures = load(node, chosen, "p2phost-read", "--seconds", str(chosen.seconds))
    else:
        with Operator(node, chosen, PAIRS[what]) as operator:
            figures = load(node, chosen, "p2phost-read", "--seconds", str(chosen.seconds))
        if operator.failure:
            raise RuntimeError(operator.failure)
        figures["pair_ms"] = statistics.median(operator.ms)
    return {"what": what, "cpu_s": node.cpu_seconds() - before, **figures}


def order_of(number: int) -> list[str]:
    kinds = [ALONE, ASKED, TOGGLED]
    turn = number % len(kinds)
    return kinds[turn:] + kinds[:turn]


def table(records: list[dict]) -> list[str]:
    of = {what: [record for record in records if record["what"] == what] for what in PAIRS}
    lines = ["| meanwhile | ops/s | p50 us | p99 us | p99.9 us | p99.9 to alone | p99.9 to p2pctl services | one pair ms |",
             "|---|---|---|---|---|---|---|---|"]
    for what, own in of.items():
        ratios = {other: [mine["p999_us"] / theirs["p999_us"] for mine, theirs in zip(own, of[other])] for other in (ALONE, ASKED)}
        shown = {other: "-" if what == other or (what == ALONE and other == ASKED) else report.spread(values)
                 for other, values in ratios.items()}
        pair = f"{statistics.median(report.column(own, 'pair_ms')):.1f}" if PAIRS[what] else "-"
        lines.append(f"| {what} | {statistics.median(report.column(own, 'ops_per_second')):,.0f} "
                     f"| {report.spread(report.column(own, 'p50_us'), 0)} | {report.spread(report.column(own, 'p99_us'), 0)} "
                     f"| {report.spread(report.column(own, 'p999_us'), 0)} | {shown[ALONE]} | {shown[ASKED]} | {pair} |")
    return lines


def main() -> int:
    chosen = arguments()
    # It holds no jobs, so that nothing would be lost; --force is there for whoever submits some meanwhile.
    settings = [f'services.work.plugin="{chosen.build.resolve() / "lib/p2phost/examples/work.so"}"']
    records = []
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        node = stack.enter_context(servers.p2phost("p2phost", chosen.build, chosen.config, settings, None, Path(folder)))
        node.wait_until_listening()
        load(node, chosen, "p2phost-write", "--each-key-once", "--depth", "16")
        load(node, chosen, "p2phost-read", "--seconds", "1")  # a first one, to warm up
        for number, _ in script.rounds(chosen.rounds):
            records += [{"round": number, **measure(node, chosen, what)} for what in order_of(number)]
    about = {**report.machine_alone(), "build": report.build_type(chosen.build), "load_average": os.getloadavg()}
    print(f"{about['date']}, {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, {about['build']} build; reads of "
          f"{run.KEYS:,} keys of {run.KEY_BYTES} B and {run.VALUE_BYTES} B, {CONNECTIONS} connections, {chosen.rounds} rounds of "
          f"{chosen.seconds:g} s, {TOGGLES} times off and on in each\n")
    print("\n".join(table(records)))
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("toggling", main)
