"""Nodes of ours and unmodified nodes of the 2009 system are full members of one ring, whoever comes and goes first."""
import itertools
import unittest

from harness import client
from harness.case import ALONE, ClusterTest
from harness.classic_ring import ClassicRing
from harness.nato import NATO
from harness.seed_process import SeedProcess
from harness.waiting import wait_for_equal

KINDS = ("ours", "ours again", "seed", "seed again")


class SharedRing(ClusterTest):
    """A test whose nodes are of both kinds."""

    def seed(self, *arguments, **places):
        seed = SeedProcess(*arguments, **places)
        self._nodes.append(seed)
        return seed

    def join(self, kind, contact):
        """A started node that joins through `contact`, or founds the network."""
        if kind.startswith("seed"):
            seed = self.seed()
            # Between seeds a joiner that does not listen in time strands keys: that is their own fault, not this test's.
            return seed.join_without_a_race(contact) if isinstance(contact, SeedProcess) else seed.start(contact)
        arguments = ALONE if contact is None else ("--join", contact.name)
        return self.node(*arguments).start()

    def grow(self, kinds, contact_of=lambda nodes: nodes[0]):
        nodes = []
        for kind in kinds:
            nodes.append(self.join(kind, contact_of(nodes) if nodes else None))
            self.wait_for_network(nodes)
        return nodes

    def two_of_ours(self, *limits):
        first = self.node(*ALONE, *limits).start()
        return [first, self.node("--join", first.name, *limits).start()]

    def assert_one_ring(self, nodes):
        ring = ClassicRing([node.name for node in nodes])
        for node in nodes:
            for key in NATO:
                self.assertEqual(client.owner(node.port, key, service=None), ring.owner(key), (node.name, key))

    def assert_all_found(self, nodes, items=NATO):
        for node in nodes:
            wait_for_equal(f"all keys through {node.name}", items,
                           lambda node=node: {key: client.get(node.port, key) for key in items})


class OrderTest(SharedRing):
    def test_in_every_order_of_arrival_each_finds_every_key_and_names_the_same_owner(self):
        for number, kinds in enumerate(itertools.permutations(KINDS)):
            # Either the oldest or the newest member is asked to let a joiner in.
            contact_of = (lambda nodes: nodes[0]) if number % 2 else (lambda nodes: nodes[-1])
            with self.subTest(kinds=kinds, number=number):
                nodes = self.grow(kinds, contact_of)
                self.assert_one_ring(nodes)
                for index, (key, value) in enumerate(NATO.items()):
                    client.put(nodes[index % 4].port, key, value)
                self.assert_all_found(nodes)
                self.end(nodes)

    def test_keys_survive_each_graceful_change_in_whatever_order_the_members_leave(self):
        for number, leavers in enumerate(itertools.permutations(range(4), 3)):
            if number % 3:
                continue  # a sample: 8 of 24
            with self.subTest(leavers=leavers):
                self.let_them_leave(leavers)

    def let_them_leave(self, leavers):
        nodes = [self.join("ours", None)]
        for key, value in NATO.items():
            client.write(nodes[0].port, key, value)
        for kind in ("seed", "ours again", "seed again"):
            nodes.append(self.join(kind, nodes[0]))
            self.wait_for_network(nodes)
            self.assert_all_found(nodes)
        left = list(nodes)
        for leaver in leavers:
            gone = nodes[leaver]
            left.remove(gone)
            gone.leave()
            self.wait_for_network(left)
            self.assert_all_found(left)
            self.assert_one_ring(left)
        self.end(nodes)


if __name__ == "__main__":
    unittest.main()
