"""Nothing acknowledged is lost and nothing existing is reported missing while nodes join and leave under load."""
import collections
import json
import random
import signal
import unittest

from harness.case import ClusterTest, discovery
from harness.history import History
from harness.ports import free_ports
from harness.waiting import wait_until

NODES_MIN = 3
NODES_MAX = 8

# What both sides of a transfer must tell alike.
FACTS = ("session", "donor", "receiver", "view", "keys", "kept", "bytes", "digest_before", "digest_after")

# Longer than the hand-over of the keys may take while the machine is loaded.
DRAIN_SECONDS = 60
DRAIN = ("--set", f"host.drain_timeout={DRAIN_SECONDS}s")


class HistoryTest(ClusterTest):
    """A network that changes while eight clients read, write and erase."""

    through_client = False  # whether they go through the client library

    def run_changes(self, seed, changes, keys):
        choice = random.Random(seed)
        ports = iter(free_ports(2 * changes + NODES_MIN + 1))
        self._found = discovery([next(ports)])
        nodes = []
        for _ in range(NODES_MIN):
            nodes.append(self.node_on(next(ports), nodes).start())
        self.wait_for_network(nodes)
        receipts = Receipts()
        with History(nodes, seed, keys=keys, through_client=self.through_client) as history:
            for number in range(changes):
                self.let_clients_work(history)
                joins, leaves = self.choose(choice, number, len(nodes))
                leavers = choice.sample(nodes, leaves)
                stayers = [node for node in nodes if node not in leavers]
                joiners = [self.node_on(next(ports), stayers) for _ in range(joins)]
                for node in leavers:
                    history.remove(node)
                for node in choice.sample(joiners + leavers, joins + leaves):
                    if node in joiners:
                        node.launch()
                    else:
                        node.send_signal(signal.SIGTERM)
                for node in leavers:
                    self.assertEqual(node.wait(DRAIN_SECONDS + 10), 0)
                    receipts.keep(node)
                for node in joiners:
                    node.wait_until_ready()
                    history.add(node)
                nodes = stayers + joiners
                self.wait_for_network(nodes)
            verdict = history.finish(nodes)
        self.assert_clean(verdict)
        receipts.assert_agreement(self, nodes)
        self.end(nodes)

    def node_on(self, port, members):
        joined = [argument for member in members for argument in ("--join", member.name)]
        return self.node(*DRAIN, *(joined or self._found), port=port)

    @staticmethod
    def choose(choice, number, count):
        """How many join and how many leave at once; every second time it is two nodes."""
        choices = [(2, 0), (1, 1), (0, 2)] if number % 2 else [(1, 0), (0, 1)]
        return choice.choice([(joins, leaves) for joins, leaves in choices
                              if count - leaves >= NODES_MIN and count + joins - leaves <= NODES_MAX])

    @staticmethod
    def let_clients_work(history, calls=2_000):
        """Changes come while calls are under way, so each waits for some."""
        def done():
            return history.report()["done"]
        begun = done()
        wait_until("clients work", lambda: done() - begun >= calls, 60)

    def assert_clean(self, verdict):
        self.assertEqual(verdict["violation_count"], 0, "\n".join(verdict["violations"][:20]))
        self.assertGreater(verdict["done"], 0)


class ShortHistoryTest(HistoryTest):
    def test_changes_of_one_and_two_nodes_under_load_leave_a_clean_history(self):
        self.run_changes(seed=1, changes=8, keys=10_000)


class LongHistoryTest(HistoryTest):
    def test_twenty_changes_of_50_000_keys_leave_a_clean_history_with_five_seeds(self):
        for seed in range(1, 6):
            with self.subTest(seed=seed):
                self.run_changes(seed, changes=20, keys=50_000)


class RollingRestartTest(HistoryTest):
    def test_a_rolling_restart_of_three_nodes_under_load_leaves_a_clean_history(self):
        nodes = self.cluster(3, *DRAIN)
        receipts = Receipts()
        with History(nodes, seed=1, keys=10_000) as history:
            for node in nodes:
                self.let_clients_work(history)
                history.remove(node)
                receipts.leave(node)
                node.start()
                self.wait_for_network(nodes)
                history.add(node)
            verdict = history.finish(nodes)
        self.assert_clean(verdict)
        receipts.assert_agreement(self, nodes)


class Receipts:
    """Both sides of every transfer, gathered from nodes that run and from what those that ended left behind."""

    def __init__(self):
        self._kept = collections.defaultdict(dict)  # by session, then by the side that keeps it

    def keep(self, node):
        """Those that a node which has ended left in its folder."""
        path = node.data_dir / "diststore.receipts.jsonl"
        if path.exists():
            for line in path.read_text().splitlines():
                self._add(node, json.loads(line))

    def leave(self, node):
        node.leave()
        self.keep(node)

    def assert_agreement(self, case, nodes):
        """Every transfer has a receipt on both sides, which tell the same."""
        for node in nodes:
            for receipt in node.receipts():
                self._add(node, receipt)
        case.assertGreater(len(self._kept), 0)
        for session, sides in self._kept.items():
            one = next(iter(sides.values()))
            case.assertEqual(set(sides), {one["donor"], one["receiver"]}, session)
            facts = [{name: side[name] for name in FACTS} for side in sides.values()]
            case.assertEqual(facts[0], facts[1], session)
            case.assertTrue(all(side["complete"] for side in sides.values()), sides)
            case.assertEqual(one["digest_before"], one["digest_after"], session)

    def _add(self, node, receipt):
        self._kept[receipt["session"]][node.name] = receipt


if __name__ == "__main__":
    unittest.main()
