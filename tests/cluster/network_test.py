"""Nodes find each other and form one network."""
import os
import unittest

from harness import client
from harness.case import ClusterTest, discovery
from harness.classic_ring import ClassicRing
from harness.ports import free_ports
from harness.waiting import wait_until

# How often nodes that start at once are tried; many times in the soak.
ROUNDS = int(os.environ.get("P2P_ROUNDS", "3"))


class NetworkTest(ClusterTest):
    def test_three_nodes_that_search_a_port_from_the_same_one_on_form_one_network(self):
        self.start_at_once(3)

    def test_ten_nodes_started_at_once_form_one_network(self):
        for number in range(ROUNDS):
            with self.subTest(round=number):
                nodes = self.start_at_once(10)
                self.assertEqual(len({node.status().view for node in nodes}), 1)
                self.end(nodes)

    def start_at_once(self, count):
        """Started nodes that all wanted the same port, and took the next free ones."""
        ports = free_ports(count)
        nodes = [self.node(*discovery(ports), "--set", f"host.port_search={count - 1}", port=ports[0]).launch()
                 for _ in ports]
        by_process = {node.process.pid: node for node in nodes}

        def every_port_is_served():
            for port in ports:
                status = client.status(port)
                by_process[status.pid].port = port
                by_process[status.pid].name = status.node
            return True

        wait_until(f"the nodes took the ports {ports}", every_port_is_served)
        for node in nodes:
            node.wait_until_ready()
        self.assertEqual(sorted(node.port for node in nodes), ports)
        self.wait_for_network(nodes)
        return nodes

    def test_a_node_given_by_join_is_enough_to_find_all(self):
        first = self.lonely_node()
        second = self.node("--join", first.name).start()
        third = self.node("--join", second.name).start()
        self.wait_for_network([first, second, third])

    def test_every_node_names_the_owner_that_the_classic_rules_name(self):
        nodes = self.cluster(3)
        ring = ClassicRing([node.name for node in nodes])
        keys = ["", "a", "Zulu", "ü", "0" * 32, "F" * 32, "x" * 1000] + [f"key-{number}" for number in range(100)]
        for node in nodes:
            with client.connect(node.port) as unnamed:
                for key in keys:
                    self.assertEqual(client.name_of(unnamed.get_node(key)), ring.owner(key), key)

    def test_nodes_of_another_cluster_name_stay_strangers(self):
        ports = free_ports(2)
        ours = self.node(*discovery(ports), port=ports[0]).start()
        foreign = self.node(*discovery(ports), "--set", "host.cluster=foreign", port=ports[1]).start()
        self.assertEqual(ours.members(), [ours.name])
        self.assertEqual(foreign.members(), [foreign.name])


if __name__ == "__main__":
    unittest.main()
