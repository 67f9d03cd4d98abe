"""A node that leaves an agreed cluster is ended before it has handed over, by a second signal or by drain_timeout: nothing that has
another copy is lost."""
import signal
import unittest

from harness.agreed import downs
from harness.agreed_store import AgreedStoreTest
from harness.case import discovery
from harness.items import numbered, read_all, write_all
from harness.moody import MoodyTest
from harness.ports import free_ports
from harness.waiting import wait_for_equal, wait_until

ITEMS = numbered(200)


class EarlyEndTest(MoodyTest, AgreedStoreTest):
    """Three nodes with three copies of everything. The service `moody`, which drains first, holds the leave up as long as the file
    `lock` is there."""

    def network(self, drain_timeout):
        self.lock = self.folder / "lock"
        self.configure(host=f'drain_timeout = "{drain_timeout}"', options=f'holds = "drain"\nwhile_there = "{self.lock}"')
        self.addCleanup(self.lock.unlink, missing_ok=True)
        ports = free_ports(3)
        nodes = [self.moody_node(*discovery(ports), "--set", "services.locator.config.discover=localhost", port=port).launch()
                 for port in ports]
        for node in nodes:
            node.wait_until_ready()
        self.wait_for_network(nodes)
        self.wait_for_voters(nodes, 3)
        self.wait_until_balanced(nodes)
        write_all(nodes[0], ITEMS)
        return nodes

    def assert_nothing_is_lost(self, rest):
        self.wait_for_network(rest)
        for node in rest:
            wait_for_equal(f"all keys by {node.name}", ITEMS, lambda node=node: read_all(node, ITEMS))

    def test_a_second_signal_ends_it_at_once(self):
        for second in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(second.name):
                nodes = self.network(drain_timeout="10m")
                self.lock.touch()
                nodes[0].send_signal(signal.SIGTERM)
                wait_until("it leaves", lambda: nodes[0].service("moody").state == "draining")
                nodes[0].send_signal(second)
                self.assertEqual(nodes[0].wait(), 128 + second)
                wait_until("to the others it is down", lambda: downs(nodes[1]))
                self.assert_nothing_is_lost(nodes[1:])
                self.lock.unlink()
                self.end(nodes)

    def test_drain_timeout_ends_it_and_names_who_had_not_handed_over(self):
        nodes = self.network(drain_timeout="0s")
        nodes[0].send_signal(signal.SIGTERM)
        self.assertEqual(nodes[0].wait(), 69)
        self.assertIn("service locator has not drained, and got no further for [host] drain_timeout = 0s", nodes[0].log())
        self.assert_nothing_is_lost(nodes[1:])


if __name__ == "__main__":
    unittest.main()
