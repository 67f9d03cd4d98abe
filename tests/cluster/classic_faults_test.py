"""What the 2009 system suffered from does not happen here."""
import contextlib
import itertools
import socket
import threading
import unittest

from harness import address, client
from harness.case import ClusterTest
from harness.classic_ring import ClassicRing, keys_owned_by
from harness.items import numbered, write_all
from harness.ports import free_port
from harness.raw import RawConnection, Request
from harness.waiting import wait_for_equal, wait_until

from diststore import Store, StorePeer
from diststore.ttypes import MovedItem, ReadOptions, TransferHead, Version
from locator import Locator
from locator.ttypes import Location

# Views are not compared by themselves while such a test runs.
NO_COMPARING = ("--set", "services.locator.config.compare_interval=1h")


def location(node):
    return Location(address.HOST, node.port)


class ClassicFaultsTest(ClusterTest):
    def test_a_client_that_keeps_its_connection_keeps_nobody_waiting(self):
        node = self.lonely_node()
        with contextlib.ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(client.connect(node.port)).ping()
                client.call(node.port, "ping")

    def test_two_nodes_whose_rings_differ_answer_each_others_calls(self):
        first, second, third = nodes = [self.lonely_node(*NO_COMPARING) for _ in range(3)]
        # The first knows of two, the second of three: they name different owners for the third's keys.
        self.tell_quietly(first, second)
        self.tell_quietly(second, first, third)
        self.tell_quietly(third, first, second)
        names = [node.name for node in nodes]
        keys = [key for name in names for key in keys_owned_by(name, names, 10)]
        self.assertEqual([len(node.members()) for node in nodes], [2, 3, 3])

        form = client.Form(True, "binary")
        with RawConnection(first.port, form) as one, RawConnection(second.port, form) as other:
            asked = [(connection, Request(Store, "read", service="diststore", key=key.encode(), options=ReadOptions()))
                     for key, connection in itertools.product(keys, (one, other))]
            for connection, request in asked:
                connection.send(request.encode(form))
            for connection, request in asked:
                self.assertFalse(connection.reply(request)[1].success.found)
        # Disagreeing has told the first what it did not know.
        self.wait_for_network(nodes)
        for key in keys:
            client.write(first.port, key, key)
            self.assertEqual([client.read(node.port, key) for node in nodes], [key.encode()] * 3)

    def tell_quietly(self, node, *others):
        """`node` hears of `others` by the classic add, and passes it on to nobody."""
        authorities = [location(at) for at in self._nodes]
        with client.connect(node.port, Locator, "locator") as locator:
            for other in others:
                locator.add(location(other), authorities)
        wait_until(f"{node.name} knows them", lambda: len(node.members()) > len(others))

    def test_a_put_whose_owner_has_died_reaches_the_new_owner(self):
        nodes = self.cluster(2)
        key = keys_owned_by(nodes[1].name, [node.name for node in nodes], 1)[0]
        nodes[1].kill()
        client.put(nodes[0].port, key, "not lost")
        wait_for_equal("the value", "not lost", lambda: client.get(nodes[0].port, key))

    def test_a_joiner_that_takes_nothing_and_dies_costs_no_key(self):
        donor = self.lonely_node()
        for number in range(100):
            client.write(donor.port, f"key-{number}", "kept")
        with MuteNode() as joiner:
            client.call(donor.port, "add", Location(address.HOST, joiner.port), [], interface=Locator, service="locator")
            wait_until("it is a member", lambda: len(donor.members()) == 2)
            wait_until("it was asked to take keys", lambda: joiner.accepted > 0)
            self.assertEqual(donor.gauge("keys"), 100)
        for number in range(100):
            wait_for_equal("the value", b"kept", lambda number=number: client.read(donor.port, f"key-{number}"))
        self.assertEqual(donor.members(), [donor.name])

    def test_a_handed_over_older_value_never_overwrites_a_newer_one(self):
        node = self.lonely_node()
        client.write(node.port, "key", "newer")
        old = MovedItem(key=b"key", value=b"older", version=Version(stamp=1, node=1))
        head = TransferHead(session=1, donor=address.here(1), view=0)
        reply = client.call(node.port, "transfer", [old], head, interface=StorePeer, service="diststore.peer")
        self.assertEqual((reply.stored, reply.kept), (0, 1))
        self.assertEqual(client.read(node.port, "key"), b"newer")
        fresh = MovedItem(key=b"other", value=b"handed over", version=Version(stamp=1, node=1))
        reply = client.call(node.port, "transfer", [fresh], head, interface=StorePeer, service="diststore.peer")
        self.assertEqual((reply.stored, reply.kept), (1, 0))
        self.assertEqual(client.read(node.port, "other"), b"handed over")

    def test_a_get_during_a_move_finds_the_value_wherever_it_is(self):
        items = numbered(20_000)
        first, second = nodes = self.cluster(2)
        write_all(first, items)
        with Getters(nodes, items) as getters:
            third = self.join_one(nodes)
            ring = ClassicRing([node.name for node in (*nodes, third)])
            owned = sum(ring.owner(key) == third.name for key in items)
            wait_for_equal("keys of the third", owned, lambda: third.gauge("keys"))
            getters.nodes = [second, third]
            wait_until("they ask the others", getters.have_turned)
            first.leave()
            self.wait_for_network([second, third])
            gets = getters.stop()
        self.assertEqual(gets.wrong, [])
        self.assertGreater(gets.count, 0)

    def test_one_failed_connect_removes_nobody(self):
        # A node that is away for a moment and comes back is still, or again, a member with every other one.
        nodes = self.cluster(3)
        for node in nodes:
            node.kill()
            node.start()
        self.wait_for_network(nodes)


class Getters:
    """Clients that get keys one after the other, through one node after the other."""

    def __init__(self, nodes, items, threads=4):
        self.nodes = nodes
        self.wrong = []
        self.count = 0
        self._items = items
        self._is_stopped = threading.Event()
        self._turns = [0] * threads
        self._threads = [threading.Thread(target=self._get, args=(number,)) for number in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._is_stopped.set()
        for thread in self._threads:
            thread.join()
        return self

    def have_turned(self):
        """Each has begun a further get since this was asked first."""
        turns = list(self._turns)
        wait_until("every client goes on", lambda: all(now > was for now, was in zip(self._turns, turns)))
        return True

    def _get(self, number):
        for turn, key in enumerate(itertools.cycle(self._items)):
            if self._is_stopped.is_set():
                return
            node = self.nodes[(number + turn) % len(self.nodes)]
            value = client.get(node.port, key)
            if value != self._items[key]:
                self.wrong.append((key, value, node.name))
            self.count += 1
            self._turns[number] = turn + 1


class MuteNode:
    """Takes connections and answers nothing: a joiner that does not serve yet."""

    def __enter__(self):
        self.accepted = 0
        self.port = free_port()
        self._listener = address.listening(self.port)
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self._open.append(self._listener.accept()[0])
                self.accepted += 1


if __name__ == "__main__":
    unittest.main()
