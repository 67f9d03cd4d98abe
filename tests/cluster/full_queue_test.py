"""A node of the 2009 system that is frozen on another machine, and whose queue of connections is full, stays a member.

Connects to it get no answer then, as if its machine was switched off."""
import concurrent.futures
import socket

from harness import address, client
from harness.case import ALONE
from harness.machines import Machines
from harness.own_machine import run_tests_on_own_machines
from harness.waiting import wait_for_equal, wait_until
from shared_ring_test import SharedRing
from thrift.Thrift import TApplicationException

from diststore.ttypes import StoreError

KEYS = [f"key-{number}" for number in range(30)]

# As a seed listens, and more connects than that.
BACKLOG = 128
CONNECTS = 200

# Of reads, each as long as a connect may take: a silent machine is given up within three of them.
ROUNDS = 8


class FullQueueTest(SharedRing):
    def setUp(self):
        self.machines = Machines(3)
        self.addCleanup(self.machines.close)  # after the nodes have ended
        super().setUp()
        # Under a sanitizer too: a call has to fail before its member is given up.
        limits = ("--set", "host.call_timeout=1s", "--set", "host.connect_timeout=1s")
        *for_ours, self.machine = self.machines
        self.first = self.node(*ALONE, *limits, **for_ours[0].places()).start()
        self.second = self.node("--join", self.first.name, *limits, **for_ours[1].places()).start()
        self.full = self.seed(**self.machine.places()).start(self.first)
        self.ours = [self.first, self.second]
        self.wait_for_network([*self.ours, self.full])
        for key in KEYS:
            client.write(self.first.port, key, key)
        self.its_keys = [key for key in KEYS if client.owner(self.first.port, key) == self.full.name]
        self.assertTrue(self.its_keys)

    def freeze(self):
        self.full.freeze()
        self.addCleanup(self.full.thaw)

    def fill_queue(self):
        """Connects to it from elsewhere until it takes no connection more."""
        waiting = [socket.socket(address.FAMILY) for _ in range(CONNECTS)]
        self.addCleanup(self.end_connects, waiting)
        for connect in waiting:
            connect.setblocking(False)
            connect.connect_ex(address.place(self.full.port))
        wait_until("its queue is full", lambda: self.machine.waiting_connections(self.full.port) > BACKLOG)
        return waiting

    @staticmethod
    def end_connects(connects):
        while connects:
            connects.pop().close()

    def read_in_rounds(self):
        """What reading its keys came to, round after round."""
        return set().union(*(self.read_once(self.its_keys[number % len(self.its_keys)]) for number in range(ROUNDS)))

    def read_once(self, key):
        """By each call and through each of ours at once."""
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            asked = [threads.submit(end_of_read, read, node.port, key) for node in self.ours
                     for read in (client.get, client.read)]
            return {ended.result() for ended in asked}

    def test_it_stays_a_member_and_its_keys_are_never_called_missing(self):
        self.freeze()
        connects = self.fill_queue()
        self.assert_it_stays_a_member()
        self.end_connects(connects)
        self.full.thaw()
        for node in self.ours:
            for key in self.its_keys:
                wait_for_equal(key, key, lambda node=node, key=key: client.get(node.port, key))

    def test_it_is_removed_when_its_machine_is_switched_off(self):
        self.freeze()
        self.fill_queue()
        self.read_in_rounds()
        self.assert_it_is_removed_when_switched_off()

    def test_the_same_where_its_machine_takes_no_datagrams_from_a_call_on_that_it_has_not_answered(self):
        self.machine.take_no_datagrams()
        for node in self.ours:
            self.assertEqual(client.get(node.port, self.its_keys[0]), self.its_keys[0])
        self.freeze()
        self.assertEqual(self.read_once(self.its_keys[0]), {"fault"})
        self.fill_queue()
        self.assert_it_stays_a_member()
        self.assert_it_is_removed_when_switched_off()

    def assert_it_stays_a_member(self):
        self.assertEqual(self.read_in_rounds(), {"fault"})
        names = sorted(node.name for node in (*self.ours, self.full))
        for node in self.ours:
            self.assertEqual(node.members(), names)

    def assert_it_is_removed_when_switched_off(self):
        self.machine.unplug()
        self.wait_for_network(self.ours, seconds=30)
        client.write(self.first.port, self.its_keys[0], "new")
        self.assertEqual(client.read(self.second.port, self.its_keys[0]), b"new")


def end_of_read(read, port, key):
    try:
        return read(port, key) or "missing"
    except (TApplicationException, StoreError):
        return "fault"


if __name__ == "__main__":
    run_tests_on_own_machines("full_queue_test")
