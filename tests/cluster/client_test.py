"""The client library calls owners directly, follows the ring, and tells what it does not know."""
import json
import subprocess
import unittest

from harness import client_probe, settings
from harness.case import ClusterTest
from harness.history import History
from history_test import DRAIN, HistoryTest
from seed_peer.wire import NO_CALL
from shared_ring_test import SharedRing

KEYS = 100_000

# Of each call while the network changes: so long that none ends by it unless it waits for a node that is gone.
DEADLINE_MS = int(60_000 * settings.PATIENCE)


class SteadyRingTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)

    def forwarded(self):
        return sum(node.status().forwarded for node in self.nodes)

    def test_no_call_of_100_000_is_forwarded(self):
        before = self.forwarded()
        told = client_probe.run(self.nodes[0], "steady", KEYS)
        self.assertEqual(told["failed"], 0, told)
        self.assertEqual(told["calls"], KEYS)
        self.assertEqual(told["stats"]["detours"], 0, told)
        self.assertEqual(self.forwarded() - before, 0)
        self.assertEqual(told["stats"]["views"], 1, told)

    def test_the_client_and_every_node_agree_on_the_owners_of_100_000_keys(self):
        told = client_probe.run(self.nodes[1], "agree", KEYS)
        self.assertEqual(told, {"keys": KEYS, "members": 3, "different": 0, "failed": 0})

    def test_a_call_by_an_old_view_is_forwarded_once_and_no_error(self):
        with Holding(self.nodes[0]) as holding:
            joined = self.join_one(self.nodes)
            self.wait_for_quiet([*self.nodes, joined])
            holding.let_call()
            told = holding.end()
        self.assertGreaterEqual(told["stats"]["views"], 2, told)
        self.assertEqual(told["not_executed"] + told["unknown"], 0, told)
        # A handful for each thread while the change spreads; then none, as the first test says.
        self.assertLess(self.forwarded(), told["good"] / 10)


class Holding:
    """A probe whose threads call without a pause; a context."""

    def __init__(self, node, deadline_ms=DEADLINE_MS):
        self._command = [str(client_probe.PROGRAM), f"--seed={node.name}", "hold", str(deadline_ms)]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdout.readline()
        return self

    def let_call(self):
        """Returns when it has made some more calls."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def end(self):
        output, _ = self._process.communicate(timeout=120 * settings.PATIENCE)
        return json.loads(output)

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


class KilledNodeTest(ClusterTest):
    def test_no_call_waits_for_a_killed_node_until_its_deadline(self):
        nodes = self.cluster(3)
        with Holding(nodes[0]) as holding:
            nodes[2].kill()
            self.wait_for_network(nodes[:2])
            told = holding.end()
        self.assertGreater(told["good"], 0, told)
        self.assertEqual(told["timed_out"], 0, told)
        # Those who come later, with the dead node among their seeds or not, feel nothing of it.
        self.assertEqual(client_probe.run(nodes[0], "--seed", nodes[2].name, "steady", 2_000)["failed"], 0)


class NodeOf2009Test(SharedRing):
    def test_keys_of_a_node_of_2009_are_reached_through_another(self):
        nodes = self.grow(("ours", "seed", "ours again"))
        told = client_probe.run(nodes[0], "steady", 1_000, 16)
        self.assertEqual(told["failed"], 0, told)
        self.assertGreater(told["stats"]["detours"], 0, told)
        self.assertNotIn(NO_CALL, nodes[1].log())


class ClientHistoryTest(HistoryTest):
    """As HistoryTest, its load going through the client library."""

    through_client = True

    def test_changes_under_load_through_the_client_leave_a_clean_history(self):
        self.run_changes(seed=2, changes=8, keys=10_000)

    def test_a_rolling_restart_through_the_client_leaves_a_clean_history(self):
        nodes = self.cluster(3, *DRAIN)
        with History(nodes, seed=3, keys=10_000, through_client=True) as history:
            for node in nodes:
                self.let_clients_work(history)
                node.leave()
                node.start()
                self.wait_for_network(nodes)
            verdict = history.finish(nodes)
        self.assert_clean(verdict)


if __name__ == "__main__":
    unittest.main()
