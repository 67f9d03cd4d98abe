"""The histories of a classic store's clients are linearizable while no node dies; and where one does, what is lost is found."""
import unittest

from harness.case import ClusterTest
from harness.store_faults import StoreFaults

OPERATIONS = 5_000


class ClassicStoreTest(StoreFaults, ClusterTest):
    survives_death = False

    def test_one_node(self):
        self.check_steady([self.lonely_node()])

    def test_three_nodes(self):
        self.check_steady(self.cluster(3))

    def test_three_nodes_while_others_join_and_leave(self):
        nodes = self.cluster(3)
        with self.load(nodes) as load:
            for _ in range(2):
                self.let_clients_work(load)
                joined = self.joining(nodes).start()
                self.wait_until_settled([*nodes, joined])
                self.let_clients_work(load)
                joined.leave()
                self.wait_until_settled(nodes)
            self.judge(load, nodes)

    def test_a_rolling_restart_of_three_nodes(self):
        nodes = self.cluster(3)
        with self.load(nodes) as load:
            self.restart_each(nodes, load)
            self.judge(load, nodes)

    def test_what_a_killed_node_has_lost_is_found(self):
        node = self.lonely_node()
        with self.load([node]) as load:
            self.let_clients_work(load)
            node.kill()
            node.start()
            self.let_clients_work(load)
            load.finish()
            code, text = load.check()
        self.assertEqual(code, 1, text)
        self.assertIn("no order of these fits their answers", text)

    def wait_until_settled(self, nodes):
        super().wait_until_settled(nodes)
        self.wait_for_quiet(nodes, 30)

    def check_steady(self, nodes):
        with self.load(nodes, keys=20, pause_us=200) as load:
            self.let_clients_work(load, OPERATIONS)
            summary = self.judge(load, nodes)
        self.assertGreaterEqual(summary["ok"], OPERATIONS)


if __name__ == "__main__":
    unittest.main()
