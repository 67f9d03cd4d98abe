"""Whatever nodes that agree on one cluster map go through, none of them ever goes back to an earlier map."""
import threading
import unittest

from harness.agreed import FEW, AgreedTest, state_of
from harness.waiting import NOT_YET, POLL_SECONDS


class Watcher(threading.Thread):
    """Asks `nodes` for the epoch of their map, again and again, until the test ends."""

    def __init__(self, test, nodes):
        super().__init__()
        self.went_back = []
        self._nodes = nodes
        self._highest = {}
        self._ended = threading.Event()
        test.addCleanup(self.end)

    def end(self):
        self._ended.set()
        self.join()

    def run(self):
        while not self._ended.wait(POLL_SECONDS):
            for node in self._nodes:
                try:
                    state = state_of(node)
                except NOT_YET:
                    continue
                self._note(node, state.cluster, state.epoch)

    def _note(self, node, cluster, epoch):
        highest = self._highest.get(node.name, (cluster, epoch))
        if highest[0] != cluster or highest[1] > epoch:
            self.went_back.append((node.name, highest, (cluster, epoch)))
        self._highest[node.name] = (cluster, epoch)


class EpochTest(AgreedTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3, *FEW)
        self.wait_for_voters(self.nodes, 3)
        self.watcher = Watcher(self, self.nodes)
        self.watcher.start()

    def check(self):
        self.wait_for_network(self.nodes)
        self.watcher.end()
        self.assertEqual(self.watcher.went_back, [])

    def test_each_is_killed_and_comes_back(self):
        for killed in self.nodes:
            killed.kill()
            self.wait_for_network([node for node in self.nodes if node is not killed])
            killed.start()
            self.wait_for_network(self.nodes)
            self.wait_for_voters(self.nodes, 3)
        self.check()

    def test_all_end_at_one_moment_and_come_back(self):
        for _ in range(2):
            # Frozen first: what one of the others decides about the first of the killed need not be on their disks yet.
            for node in self.nodes:
                node.freeze()
            for node in self.nodes:
                node.kill()
            for node in self.nodes:
                node.launch()
            for node in self.nodes:
                node.wait_until_ready()
            self.wait_for_network(self.nodes)
        self.check()


if __name__ == "__main__":
    unittest.main()
