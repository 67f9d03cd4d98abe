"""However many nodes are shut down gracefully at the same moment, every key is on those that remain."""
import signal
import unittest

from harness.case import ClusterTest
from harness.classic_ring import ClassicRing
from harness.items import numbered, read_all, write_all
from harness.waiting import wait_for_equal

ITEMS = numbered(5_000)


class ShutdownMatrixTest(ClusterTest):
    def test_every_key_is_on_those_that_remain(self):
        for count in (3, 5, 8):
            for leaving in (1, 2, count - 1):
                with self.subTest(nodes=count, leaving=leaving):
                    self.shut_down(count, leaving)

    def shut_down(self, count, leaving):
        nodes = self.cluster(count)
        write_all(nodes[0], ITEMS)
        leavers, rest = nodes[:leaving], nodes[leaving:]
        for node in leavers:
            node.send_signal(signal.SIGTERM)
        for node in leavers:
            self.assertEqual(node.wait(), 0)
        self.wait_for_network(rest)
        ring = ClassicRing([node.name for node in rest])
        for node in rest:
            self.assertEqual(read_all(node, ITEMS), ITEMS)
            owned = sum(ring.owner(key) == node.name for key in ITEMS)
            wait_for_equal(f"keys at {node.name}", owned, lambda node=node: node.gauge("keys"))
        self.end(rest)


if __name__ == "__main__":
    unittest.main()
