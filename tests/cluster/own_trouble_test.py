"""A node that runs out of descriptors or of names blames nobody else, and clients cannot take what nodes need."""
import json
import os
import resource
import socket
import unittest

from harness import address, client
from harness.case import ALONE, ClusterTest
from harness.own_machine import with_files
from harness.raw import RawConnection, Request
from harness.seed_process import SeedProcess
from harness.waiting import wait_until

from locator import Base
from node import Node
from peer import Peer
from peer.ttypes import HelloRequest

KEYS = [f"key-{number}" for number in range(60)]
CLIENTS = 60

# Of reading every key through each healthy node.
ROUNDS = int(os.environ.get("P2P_ROUNDS", "5"))

# How a node says that it has given another up.
REMOVED = "has died|is given up|is gone"

FEW_FILES = ("sh", "-c", 'ulimit -n 40; exec "$@"', "sh")


class TroubleTest(ClusterTest):
    def fill(self, nodes):
        for key in KEYS:
            client.write(nodes[0].port, key, key)

    def assert_all_found(self, nodes, rounds=ROUNDS):
        for _ in range(rounds):
            for node in nodes:
                self.assertEqual([key for key in KEYS if client.read(node.port, key) != key.encode()], [], node.name)

    def assert_members(self, nodes):
        names = sorted(node.name for node in nodes)
        for node in nodes:
            self.assertEqual(node.members(), names)

    def restart(self, node):
        """On its address, so that everybody has to connect to it again. It holds no keys afterwards."""
        node.kill()
        node.start()

    def crowd(self, node):
        """Clients that connect, and stay as long as they may."""
        crowd = []
        for _ in range(CLIENTS):
            one = socket.create_connection(address.place(node.port), 10)
            self.addCleanup(one.close)
            crowd.append(one)
        return crowd


class FewDescriptorsTest(TroubleTest):
    def test_clients_take_neither_a_nodes_connections_to_others_nor_those_of_others_to_it(self):
        nodes = self.cluster(2)
        poor = self.next_node(prefix=FEW_FILES).start()
        nodes.append(poor)
        self.wait_for_network(nodes)
        self.wait_for_quiet(nodes)
        self.assertIn("connections_max = 10000 is more than this process may open", poor.log())
        self.fill(nodes)
        self.crowd(poor)
        self.assert_all_found(nodes[:2])
        # Who starts anew has to get in, and the operator too.
        others = [key for key in KEYS if client.owner(nodes[0].port, key) != nodes[1].name]
        self.restart(nodes[1])
        names = sorted(node.name for node in nodes)
        for node in nodes[:2]:
            wait_until(f"{node.name} knows all", lambda node=node: node.members() == names)
        for _ in range(ROUNDS):
            for node in nodes[:2]:
                self.assertEqual([key for key in others if client.read(node.port, key) != key.encode()], [])
        leaving = poor.ctl("leave")
        self.assertEqual(leaving.returncode, 0, leaving.stderr)
        poor.wait()
        self.wait_for_network(nodes[:2])
        for node in nodes[:2]:
            self.assertEqual([key for key in others if client.read(node.port, key) != key.encode()], [])

    def test_a_node_that_can_open_nothing_removes_nobody_and_says_so(self):
        nodes = self.cluster(3)
        poor, other, healthy = nodes
        self.fill(nodes)
        kept = [key for key in KEYS if client.owner(poor.port, key) != other.name]
        with client.connect(poor.port, Node, "node") as asked:
            asked.status()  # it has accepted the connection
            limits = resource.prlimit(poor.process.pid, resource.RLIMIT_NOFILE)
            self.addCleanup(resource.prlimit, poor.process.pid, resource.RLIMIT_NOFILE, limits)
            resource.prlimit(poor.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
            self.restart(other)
            wait_until("it cannot connect", lambda: "open files" in asked.status().last_own_failure)
            failures = asked.status().own_failures
            # Long enough for three attempts within a second, several times.
            wait_until("it has tried often", lambda: asked.status().own_failures > failures + 20, 60)
            self.assertEqual(asked.status().members, 3)
            for node in (other, healthy):
                self.assertEqual(len(node.members()), 3)
            self.assertLessEqual(poor.log().count("this node could not"), 2, "one line a minute for each thing")
            resource.prlimit(poor.process.pid, resource.RLIMIT_NOFILE, limits)
        self.assert_members(nodes)
        for node in (poor, healthy):
            self.assertNotRegex(node.log(), REMOVED)
        for node in nodes:
            wait_until(f"{node.name} finds all", lambda node=node: all(
                client.read(node.port, key) == key.encode() for key in kept))
        shown = json.loads(poor.ctl("status", "--json").stdout)
        self.assertGreater(shown["own_failures"], 20)
        self.assertIn("trouble ", poor.ctl("status").stdout)

    def test_a_full_node_is_no_stranger(self):
        nodes = self.cluster(3)
        full = self.next_node("--set", "host.connections_max=2").start()
        nodes.append(full)
        self.wait_for_network(nodes)
        self.wait_for_quiet(nodes)
        crowd = self.crowd(full)
        self.restart(nodes[0])  # its connections are new
        names = sorted(node.name for node in nodes)
        for node in nodes[:3]:
            wait_until(f"{node.name} knows all", lambda node=node: node.members() == names)
        owned = [key for key in KEYS if client.owner(nodes[0].port, key) == full.name]
        for node in nodes[:3]:
            for key in owned:
                client.write(node.port, key, key)
        for one in crowd:
            one.close()
        wait_until("there is room again", lambda: full.status().members == 4)
        self.assert_members(nodes)
        for node in nodes[1:]:
            self.assertNotRegex(node.log(), f"{full.name} (?:{REMOVED})")


class LateHelloTest(ClusterTest):
    TRIALS = 3  # so many places for those who may be nodes are left, whether a node has opened 5 files or 25:
    FILES = ("sh", "-c", 'ulimit -n 42; exec "$@"', "sh")

    HELLO = Request(Peer, "hello", service="Peer", request=HelloRequest(
        version_min=1, version_max=1, features=["overtake"], cluster="p2phost", placement=""))

    def connect(self, node, form=client.CLASSIC):
        connection = RawConnection(node.port, form, seconds=60)
        self.addCleanup(connection.close)
        return connection

    def become_the_client(self, node):
        """Takes the only place for clients; whoever is on trial is not served in this form."""
        asked = Request(Base, "ping", service="locator")
        return self.connect(node, client.Form(True, "binary")).call(asked)

    def test_whoever_says_hello_late_loses_its_place_only_to_somebody_who_needs_it(self):
        node = self.lonely_node("--set", "host.connections_max=1", "--set", "host.io_threads=1", prefix=self.FILES)
        wait_until("there is a client", lambda: self.become_the_client(node))
        late = [self.connect(node) for _ in range(self.TRIALS)]
        # One more knocks when the places are all taken: the one that has waited longest makes room, and it alone.
        knocking = self.connect(node)
        self.assertEqual(late[0].socket.recv(1), b"")
        for connection in (knocking, *late[1:]):
            self.assertEqual(connection.call(self.HELLO).success.cluster, "p2phost")


class NamesTest(TroubleTest):
    def setUp(self):
        super().setUp()
        folder = self.temporary_folder()
        self.hosts, switch = folder / "hosts", folder / "nsswitch.conf"
        switch.write_text("hosts: files\n")
        self.hosts.touch()
        self.own_names = with_files({self.hosts: "/etc/hosts", switch: "/etc/nsswitch.conf"})

    def named(self, name):
        return {"prefix": self.own_names, "name": name}

    def test_when_no_name_resolves_any_more_nobody_is_removed_and_known_nodes_are_reached(self):
        names = ["one.p2p.test", "two.p2p.test", "three.p2p.test"]
        self.hosts.write_text("".join(f"{address.HOST} {name}\n" for name in names))
        first, *others = names
        nodes = [self.node(*ALONE, "--set", f"host.advertise={first}:0", **self.named(first)).start()]
        via = ("--join", address.here(nodes[0].port))
        for name in others:
            nodes.append(self.node(*via, "--set", f"host.advertise={name}:0", **self.named(name)).start())
        self.wait_for_network(nodes)
        self.wait_for_quiet(nodes)
        self.fill(nodes)
        self.assert_all_found(nodes, rounds=1)
        kept = [key for key in KEYS if client.owner(nodes[0].port, key) != nodes[1].name]
        self.hosts.write_text("")
        self.restart(nodes[1])
        for _ in range(ROUNDS):
            for node in (nodes[0], nodes[2]):
                self.assertEqual([key for key in kept if client.read(node.port, key) != key.encode()], [])
        for node in (nodes[0], nodes[2]):
            wait_until(f"{node.name} knows all", lambda node=node: len(node.members()) == 3)
            self.assertNotRegex(node.log(), REMOVED)
        # The one that has started anew knows no address, and blames nobody for it.
        wait_until("it says so", lambda: "cannot resolve" in nodes[1].status().last_own_failure)
        self.assertNotRegex(nodes[1].log(), REMOVED)

    def test_every_address_of_a_name_is_tried_for_a_join_and_for_calls_to_nodes_of_both_kinds(self):
        # Nodes listen at one of them only.
        self.hosts.write_text("::1 both.p2p.test\n127.0.0.1 both.p2p.test\n")
        first = self.node(*ALONE, "--set", "host.advertise=both.p2p.test:0", **self.named("both.p2p.test")).start()
        second = self.node("--join", first.name, prefix=self.own_names).start()
        self.wait_for_network([first, second])
        self.fill([second])
        self.assert_all_found([first, second], rounds=1)
        seed = SeedProcess()
        self.addCleanup(seed.close)
        self.addCleanup(seed.begin_stop)
        seed.start()
        joiner = self.node("--join", f"both.p2p.test:{seed.port}", prefix=self.own_names).start()
        wait_until("it has joined the seed's network", lambda: joiner.members() == sorted([joiner.name, seed.name]))


if __name__ == "__main__":
    unittest.main()
