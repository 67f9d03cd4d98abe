#!/usr/bin/env python3
"""Measures what a call costs that a node passes on because a route of its configuration says so, against one that the store passes on
by itself: `value` of the counter example, and `read` of a small value.

Three nodes on one core run both services. One is asked for keys of its own and for another's. "CPU of who is asked" is what passing on
costs and nothing else: the owner does the work. That differs in any case: a counter's call goes through generated code, the store's
does not.
"""
import argparse
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import plan
import report
import run
import script
import servers

SMALL_VALUE_BYTES = 16  # about as much on the wire as a counter's reply
STORE, COUNTER = "store", "counter, routed"
OPERATIONS = {STORE: "p2phost-read", COUNTER: "p2phost-counter-value"}
DEPTHS = (1, 16)


@dataclass(frozen=True)
class Case:
    service: str
    depth: int
    is_passed_on: bool


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each measurement is repeated")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each")
    script.add_places(parser, "routed")
    return script.parse(parser)


def settings(chosen) -> list[str]:
    plugin = chosen.build.resolve() / "lib/p2phost/examples/counter.so"
    return [*run.NETWORK_SETTINGS, f'services.counter.plugin="{plugin}"', "services.counter.route.value=1"]


class Network:
    def __init__(self, chosen, core: int | None, folder: Path, stack: ExitStack):
        self._folder = folder
        self.nodes = servers.network(plan.NETWORK_NODES, chosen.build, chosen.config, settings(chosen), core, folder, stack)

    def keys(self, is_passed_on: bool) -> list[str]:
        owner = self.nodes[1 if is_passed_on else 0]
        return ["--keys", str(plan.KEYS), "--owned-by", owner.address, "--keys-file", str(self._folder / f"keys-of-{owner.port}"),
                "--value-bytes", str(SMALL_VALUE_BYTES)]

    def fill(self, generator: run.Generator):
        for is_passed_on in (False, True):
            generator.run("p2phost-write", self.nodes[0], *self.keys(is_passed_on), "--each-key-once", "--depth", "16")

    def measure(self, generator: run.Generator, case: Case, seconds: float) -> dict:
        before = [node.cpu_seconds() for node in self.nodes]
        figures = generator.run(OPERATIONS[case.service], self.nodes[0], *self.keys(case.is_passed_on), "--connections",
                                str(plan.CONNECTIONS), "--depth", str(case.depth), "--seconds", str(seconds))
        spent = [(node.cpu_seconds() - since) * 1e6 / figures["operations"] for node, since in zip(self.nodes, before)]
        return {**figures, "cpu_of_asked": spent[0], "cpu_of_others": sum(spent[1:]), "cpu_of_all": sum(spent)}


def measure_all(chosen, network: Network, generator: run.Generator) -> list[dict]:
    cases = [Case(service, depth, is_passed_on) for depth in DEPTHS for is_passed_on in (False, True) for service in OPERATIONS]
    records = []
    for number, turn in script.rounds(chosen.rounds):
        for case in cases[::turn]:
            records.append({"round": number, **vars(case), **network.measure(generator, case, chosen.seconds)})
    return records


def table(records: list[dict]) -> list[str]:
    lines = ["| depth | key of | service | CPU µs/call of who is asked | to the store's | of the others | of all | p50 µs | p99 µs |",
             "|---|---|---|---|---|---|---|---|---|"]
    for depth in DEPTHS:
        for is_passed_on in (False, True):
            here = [record for record in records if (record["depth"], record["is_passed_on"]) == (depth, is_passed_on)]
            store = [record for record in here if record["service"] == STORE]
            for service in OPERATIONS:
                own = [record for record in here if record["service"] == service]
                lines.append(f"| {depth} | {'another' if is_passed_on else 'its own'} | {service} "
                             f"| {report.spread(report.column(own, 'cpu_of_asked'))} | {report.ratios(own, store, 'cpu_of_asked')} "
                             f"| {report.median_of(own, 'cpu_of_others'):.2f} | {report.median_of(own, 'cpu_of_all'):.2f} "
                             f"| {report.median_of(own, 'p50_us'):.0f} | {report.median_of(own, 'p99_us'):.0f} |")
    return lines


def main() -> int:
    chosen = arguments()
    server_core, generator_core = run.choose_cores()
    generator = run.Generator(chosen.build, generator_core)
    with tempfile.TemporaryDirectory(prefix="p2pbench-") as folder, ExitStack() as stack:
        network = Network(chosen, server_core, Path(folder), stack)
        network.fill(generator)
        records = measure_all(chosen, network, generator)
    about = {**report.machine_alone(), "build": report.build_type(chosen.build)}
    print(f"{report.machine_text(about)}; {plan.KEYS:,} keys of {plan.KEY_BYTES} B, values of {SMALL_VALUE_BYTES} B, "
          f"{plan.CONNECTIONS} connections; {chosen.rounds} rounds of {chosen.seconds:g} s, "
          f"{'one core for all nodes' if server_core is not None else 'cores shared'}\n")
    print("\n".join(table(records)))
    report.keep(chosen.json, about, records)
    return 0


if __name__ == "__main__":
    script.run("routed", main)
