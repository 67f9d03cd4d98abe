"""A dead member whose address somebody else has taken is gone, and keys that a leaver owes it go to who is there."""
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.relay import FalsePeer, answer_nonsense, close_at_once
from harness.seed_process import SeedProcess
from harness.waiting import wait_until

KEYS = [f"key-{number}" for number in range(60)]


def answer_as_http(accepted):
    accepted.recv(1)
    accepted.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    accepted.close()


class TakenAddressTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)
        self.dead, self.alive = self.nodes[1], [self.nodes[0], self.nodes[2]]
        for key in KEYS:
            client.write(self.nodes[0].port, key, key)
        self.kept = [key for key in KEYS if client.owner(self.nodes[0].port, key) != self.dead.name]

    def assert_is_removed_and_nothing_else_lost(self):
        for node in self.alive:
            self.assertEqual([key for key in self.kept if client.read(node.port, key) != key.encode()], [])
        self.wait_for_network(self.alive, seconds=30)
        for node in self.alive:
            self.assertEqual([key for key in self.kept if client.read(node.port, key) != key.encode()], [])

    def test_an_acceptor_that_closes(self):
        self.dead.kill()
        with FalsePeer(close_at_once, self.dead.port):
            self.assert_is_removed_and_nothing_else_lost()

    def test_servers_of_other_protocols(self):
        self.dead.kill()
        with FalsePeer(answer_as_http, self.dead.port):
            self.assert_is_removed_and_nothing_else_lost()
        back = self.node(*self._discovery, port=self.dead.port).start()
        self.wait_for_network([*self.alive, back])
        back.kill()
        with FalsePeer(answer_nonsense, self.dead.port):
            self.wait_for_network(self.alive, seconds=30)

    def test_a_node_of_another_network(self):
        self.dead.kill()
        self.lonely_node("--set", "host.cluster=other", port=self.dead.port)
        self.assert_is_removed_and_nothing_else_lost()

    def test_a_node_without_these_services(self):
        self.dead.kill()
        self.node("--plugin-dir", settings.EXAMPLE_PLUGINS, config=settings.EXAMPLES / "hello" / "hello.toml",
                  port=self.dead.port).launch()
        self.assert_is_removed_and_nothing_else_lost()

    def test_keys_that_a_leaver_owes_it_go_to_the_node_that_is_there(self):
        leaver, other = self.alive
        self.dead.kill()
        with FalsePeer(close_at_once, self.dead.port):
            leaver.leave()  # with exit code 0
            self.wait_for_network([other], seconds=30)
            self.assertEqual([key for key in self.kept if client.read(other.port, key) != key.encode()], [])

    def test_the_address_of_a_node_of_the_2009_system(self):
        for treat in (close_at_once, answer_as_http):
            seed = SeedProcess()
            self._nodes.append(seed)
            seed.start(self.nodes[0])
            names = sorted([*(node.name for node in self.nodes), seed.name])
            for node in self.nodes:
                wait_until(f"{node.name} knows the seed", lambda node=node: node.members() == names)
            seed.kill()
            with FalsePeer(treat, seed.port):
                self.wait_for_network(self.nodes, seconds=30)

    def test_a_node_that_restarts_on_its_address_is_no_stranger(self):
        for _ in range(3):
            self.dead.kill()
            self.dead.start()
            wait_until("it is a member", lambda: len(self.dead.members()) == 3)
        self.wait_for_network(self.nodes)


if __name__ == "__main__":
    unittest.main()
