"""What may happen to a store under load, and what must hold after it: the load's history is linearizable, no acknowledged write is
lost (each key is read in the end), no client waits in vain, and the copies that each partition is to have are there again."""
import json
import random
import signal
import subprocess
import sys
import time

from harness import client, settings
from harness.history_load import HistoryLoad
from harness.waiting import wait_until

# Operations between two faults, so that each finds calls under way.
BETWEEN = 300
SETTLED_SECONDS = 60


class StoreFaults:
    """For a ClusterTest. `survives_death`: the network has copies, whose number p2pctl tells."""

    survives_death = True

    # --- the load ---

    def load(self, nodes, **options):
        return HistoryLoad(nodes, **{"keys": 50, "clients": 8, **options})

    def let_clients_work(self, load, operations=BETWEEN):
        """Faults come while calls are under way, so each waits for some."""
        begun = load.report()["ok"]
        wait_until("clients work", lambda: load.report()["ok"] - begun >= operations, 30)

    def judge(self, load, nodes, allowed=()):
        """Ends the load, once `nodes` have healed; its summary. Every call was answered in its deadline, unless it is of a kind that is
        allowed: "refused", or "unknown"."""
        self.let_clients_work(load)
        self.wait_until_settled(nodes)
        summary = load.finish()
        code, text = load.check()
        self.assertEqual(code, 0, text)
        self.assertEqual(summary["unread_keys"], 0, summary["error_samples"])
        for kind in ("refused", "unknown"):
            if kind not in allowed:
                self.assertEqual(summary[kind], 0, summary["error_samples"])
        self.tell(summary)
        return summary

    def tell(self, summary):
        """Figures, for a person: nothing is asserted about time."""
        latencies = summary["latencies"]
        print(f"{self.id()}: {summary['operations']} operations, {summary['refused']} refused, {summary['unknown']} unknown; "
              f"longest gap {summary['longest_gap_ms']:.0f} ms; p50 {latencies['p50_us']} us, p99 {latencies['p99_us']} us, "
              f"longest {latencies['max_us'] / 1000:.0f} ms", file=sys.stderr, flush=True)

    # --- what p2pctl shows ---

    def document(self, node, *words):
        """What p2pctl prints about the network, as `node` knows it; {} while it does not answer."""
        command = [str(settings.P2PCTL), "--node", node.name, "--json", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              timeout=60 * settings.PATIENCE)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def is_settled(self, node, count):
        shown = self.document(node, "map")
        up = [member for member in shown.get("members", []) if member["state"] == "up"]
        return len(up) == count and shown["under_replicated"] == 0

    def wait_until_settled(self, nodes):
        """Nobody helps: every member is up, and every partition has all its copies again."""
        self.wait_for_network(nodes, 30)
        if not self.survives_death:
            return
        began = time.monotonic()
        for node in nodes:
            wait_until(f"{node.name} knows of all copies", lambda node=node: self.is_settled(node, len(nodes)),
                       SETTLED_SECONDS)
        print(f"{self.id()}: all copies are in sync {time.monotonic() - began:.2f} s later", file=sys.stderr, flush=True)

    # --- faults ---

    def primary_of(self, nodes, key):
        name = client.owner(nodes[0].port, key)
        return next(node for node in nodes if node.name == name)

    def kill(self, nodes, killed, load):
        """kill -9 of some at once, which come back when the others have noticed."""
        for node in killed:
            node.send_signal(signal.SIGKILL)
        for node in killed:
            node.wait()
        alive = [node for node in nodes if node not in killed]
        if len(alive) > len(killed):  # otherwise there is no majority that could notice
            self.wait_for_network(alive, 20)
            self.let_clients_work(load)
        for node in killed:
            node.launch()
        for node in killed:
            node.wait_until_ready(60)
        self.wait_until_settled(nodes)

    def freeze(self, nodes, frozen, load, seconds):
        """SIGSTOP for a while: shorter than a lease, or beyond every one."""
        frozen.freeze()
        try:
            time.sleep(seconds)
        finally:
            frozen.thaw()
        self.wait_until_settled(nodes)
        self.let_clients_work(load)

    def restart_each(self, nodes, load):
        """As an operator does for a new version."""
        for node in nodes:
            self.let_clients_work(load)
            node.leave()
            node.start()
            self.wait_until_settled(nodes)

    def joining(self, nodes, *arguments):
        """One more node for the network of `nodes`, which cluster() has made: not started yet, on whatever port is free."""
        return self.node(*self._discovery, *arguments, "--join", nodes[0].name)

    def change_members(self, nodes, load, changes, seed, arguments=(), most=6):
        """Joins and leaves, pairs included; the members afterwards. `arguments` are those of who joins."""
        choice = random.Random(seed)
        fewest = len(nodes)
        for number in range(changes):
            self.let_clients_work(load)
            count = 1 + number % 2
            if len(nodes) - count < fewest or (len(nodes) + count <= most and choice.random() < 0.5):
                joined = [self.joining(nodes, *arguments).launch() for _ in range(count)]
                for node in joined:
                    node.wait_until_ready(60)
                nodes = nodes + joined
            else:
                left = choice.sample(nodes, count)
                for node in left:
                    node.send_signal(signal.SIGTERM)
                for node in left:
                    self.assertEqual(node.wait(60), 0, node.log())
                nodes = [node for node in nodes if node not in left]
            self.wait_until_settled(nodes)
        return nodes
