"""A node that is killed in the middle of a hand-over costs nothing that the others hold, and the next attempt succeeds."""
import json
import signal
import unittest

from harness import settings
from harness.case import ClusterTest
from harness.classic_ring import ClassicRing
from harness.items import numbered, read_all, write_all
from harness.waiting import wait_for_equal, wait_until

# A build of the store's plugin that ends the node when it comes by the point that its environment names, for the n-th time.
POINTS_PLUGIN = settings.TEST_PLUGINS / "points" / "diststore.so"

# About 35 keys a batch: each transfer has many, and the points between them come several times.
SMALL_BATCHES = ("--set", f"services.diststore.plugin={POINTS_PLUGIN}",
                 "--set", "services.diststore.config.transfer_batch_bytes=4KiB")
ITEMS = numbered(6_000)
# In which a ring that has lost a member must be whole again.
SETTLE_SECONDS = 5

RECEIVER_POINTS = ("receiver.batch_arrived:1", "receiver.batch_arrived:3", "receiver.batch_taken:1",
                   "receiver.batch_taken:4", "receiver.batch_answered:5", "receiver.finishing:1")
JOINER_POINTS = ("joiner.claiming:1", "joiner.established:1", *RECEIVER_POINTS)
DONOR_POINTS = ("donor.batch_ready:1", "donor.batch_ready:3", "donor.batch_sent:1", "donor.batch_sent:3",
                "donor.batch_confirmed:1", "donor.batch_confirmed:2", "donor.batch_deleted:1", "donor.batch_deleted:2",
                "donor.all_sent:1")
LEAVER_POINTS = ("leaver.begins:1", *DONOR_POINTS, "leaver.all_confirmed:1")


class HandOverFaultsTest(ClusterTest):
    def test_a_joiner_killed_at_any_point_costs_only_what_it_had_confirmed(self):
        for point in JOINER_POINTS:
            with self.subTest(point=point):
                nodes = self.filled(2)
                joiner = self.node_with_point(point).launch()
                self.assertEqual(joiner.wait(), -signal.SIGKILL)
                confirmed = sum(node.gauge("keys_moved_out") for node in nodes)
                self.wait_for_network(nodes, SETTLE_SECONDS)
                self.assert_found(nodes, len(ITEMS) - confirmed)
                self.let_one_more_join(nodes)

    def test_a_donor_killed_at_any_point_costs_only_what_it_still_held(self):
        for point in DONOR_POINTS:
            with self.subTest(point=point):
                donor = self.first_node(P2P_TEST_POINT=point)
                other = self.join_one([donor], *SMALL_BATCHES)
                write_all(other, ITEMS)
                held = other.gauge("keys")
                joiner = self.node_like(donor).launch()
                self.assertEqual(donor.wait(), -signal.SIGKILL)
                joiner.wait_until_ready()
                self.wait_for_network([other, joiner], SETTLE_SECONDS)
                self.assert_found([other, joiner], None, at_least=held)
                self.let_one_more_join([other, joiner])

    def test_a_leaver_killed_at_any_point_costs_only_what_it_still_held(self):
        for point in LEAVER_POINTS:
            with self.subTest(point=point):
                leaver = self.first_node(P2P_TEST_POINT=point)
                others = [self.join_one([leaver], *SMALL_BATCHES)]
                others.append(self.join_one([leaver, *others], *SMALL_BATCHES))
                write_all(leaver, ITEMS)
                held = sum(node.gauge("keys") for node in others)
                leaver.send_signal(signal.SIGTERM)
                self.assertEqual(leaver.wait(), -signal.SIGKILL)
                self.wait_for_network(others, SETTLE_SECONDS)
                everything = len(ITEMS) if point == "leaver.all_confirmed:1" else None
                self.assert_found(others, everything, at_least=held)
                self.assert_next_leave_succeeds(others)

    def test_a_receiver_killed_at_any_point_costs_a_leaver_only_what_it_had_confirmed(self):
        for point in RECEIVER_POINTS:
            with self.subTest(point=point):
                nodes = self.cluster(2, *SMALL_BATCHES)
                receiver = self.node_with_point(point).start()
                self.wait_for_network([*nodes, receiver])
                write_all(nodes[0], ITEMS)
                self.assert_found([*nodes, receiver], len(ITEMS))
                lost = receiver.gauge("keys")
                leaver, rest = nodes
                leaver.leave()
                self.assertEqual(receiver.wait(), -signal.SIGKILL)
                self.wait_for_network([rest], SETTLE_SECONDS)
                self.assert_found([rest], len(ITEMS) - lost - self.confirmed(leaver, receiver))

    def test_a_joiner_that_is_asked_to_end_while_it_joins_gives_back_what_it_got(self):
        for moment in ("launched", "it has keys", "it is ready"):
            with self.subTest(moment=moment):
                nodes = self.filled(2)
                joiner = self.next_node(*SMALL_BATCHES).launch()
                if moment == "it has keys":
                    wait_until(moment, lambda: sum(node.gauge("keys_moved_out") for node in nodes) > 0)
                elif moment == "it is ready":
                    joiner.wait_until_ready()
                joiner.send_signal(signal.SIGTERM)
                self.assertIn(joiner.wait(), (0, -signal.SIGTERM))  # the latter: it had not come to its signal handler
                self.wait_for_network(nodes, SETTLE_SECONDS)
                self.assert_found(nodes, len(ITEMS))

    # --- steps ---

    def first_node(self, **environment):
        """A node that founds a network, and whose ports join_one() goes on from."""
        nodes = self.cluster(1, *SMALL_BATCHES, environment=environment or None)
        return nodes[0]

    def filled(self, count):
        nodes = self.cluster(count, *SMALL_BATCHES)
        write_all(nodes[0], ITEMS)
        return nodes

    def node_with_point(self, point):
        return self.next_node(*SMALL_BATCHES, environment={"P2P_TEST_POINT": point})

    def node_like(self, _):
        return self.next_node(*SMALL_BATCHES)

    def let_one_more_join(self, nodes):
        """The next attempt: whoever joins gets all that is its own."""
        found = read_all(nodes[0], ITEMS)
        joined = self.join_one(nodes, *SMALL_BATCHES)
        self.assert_found([*nodes, joined], len(found))
        ring = ClassicRing([node.name for node in [*nodes, joined]])
        for node in [*nodes, joined]:
            owned = sum(ring.owner(key) == node.name for key in found)
            wait_for_equal(f"keys at {node.name}", owned, lambda node=node: node.gauge("keys"))

    def assert_next_leave_succeeds(self, nodes):
        found = read_all(nodes[0], ITEMS)
        nodes[0].leave()
        self.wait_for_network(nodes[1:])
        self.assert_found(nodes[1:], len(found))

    def assert_found(self, nodes, count, at_least=0):
        """Each node finds the same keys: all that they hold together, unharmed."""
        found = [read_all(node, ITEMS) for node in nodes]
        for node, seen in zip(nodes, found):
            self.assertEqual(seen, found[0], f"{node.name} finds other keys")
            self.assertEqual(seen, {key: ITEMS[key] for key in seen})
        wait_for_equal("keys that the nodes hold", len(found[0]), lambda: sum(node.gauge("keys") for node in nodes))
        self.assertGreaterEqual(len(found[0]), at_least)
        if count is not None:
            self.assertEqual(len(found[0]), count)

    @staticmethod
    def confirmed(donor, receiver):
        """Keys whose arrival `receiver` had confirmed to `donor`, which has ended."""
        path = donor.data_dir / "diststore.receipts.jsonl"
        receipts = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return sum(receipt["keys"] for receipt in receipts
                   if (receipt["donor"], receipt["receiver"]) == (donor.name, receiver.name))


if __name__ == "__main__":
    unittest.main()
