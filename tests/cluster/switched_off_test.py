"""A machine that falls silent is removed by those who hear others, and only by them."""
import threading

from harness import client
from harness.case import ALONE, ClusterTest
from harness.machines import Machines
from harness.own_machine import run_tests_on_own_machines
from harness.waiting import wait_until

from diststore.ttypes import StoreError

KEYS = [f"key-{number}" for number in range(60)]


class SwitchedOffTest(ClusterTest):
    def setUp(self):
        self.machines = Machines(3)
        self.addCleanup(self.machines.close)  # after the nodes have ended
        super().setUp()
        # Under a sanitizer too: a call has to fail before its member is given up.
        limits = ("--set", "host.call_timeout=1s", "--set", "host.connect_timeout=1s")
        first, *others = self.machines
        self.nodes = [self.node(*ALONE, *limits, **first.places()).start()]
        for machine in others:
            joiner = self.node("--join", self.nodes[0].name, *limits, **machine.places())
            self.nodes.append(joiner.start())
        self.wait_for_network(self.nodes)
        self.wait_for_quiet(self.nodes)
        for key in KEYS:
            client.write(self.nodes[0].port, key, key)
        self.off, self.machine = self.nodes[2], list(self.machines)[2]
        self.healthy = self.nodes[:2]
        self.lost = [key for key in KEYS if client.owner(self.nodes[0].port, key) == self.off.name]
        self.kept = [key for key in KEYS if key not in self.lost]

    def test_it_is_removed_after_the_first_calls_that_need_it_and_healthy_nodes_answer_all_the_time(self):
        false_missing, ended = [], threading.Event()
        reader = threading.Thread(target=self.read_kept_keys, args=(false_missing, ended))
        reader.start()
        try:
            self.machine.unplug()
            # A call for one of its keys fails by its own deadline, which is over before anybody can know.
            with self.assertRaises(StoreError):
                client.read(self.healthy[0].port, self.lost[0])
            self.assertEqual(len(self.healthy[0].members()), 3)
            self.wait_for_network(self.healthy, seconds=30)
            for key in self.lost:
                client.write(self.healthy[0].port, key, "new")
                self.assertEqual(client.read(self.healthy[1].port, key), b"new")
        finally:
            ended.set()
            reader.join()
        self.assertEqual(false_missing, [])
        # It hears nobody, and so removes nobody.
        with self.machine.inside():
            self.assertEqual(self.off.members(), sorted(node.name for node in self.nodes))
        self.machine.plug_in()
        self.wait_for_network(self.nodes, seconds=60)

    def read_kept_keys(self, false_missing, ended):
        while not ended.is_set():
            for key in self.kept:
                for node in self.healthy:
                    try:
                        found = client.read(node.port, key)
                    except Exception as failure:  # whatever it is, the test has to tell it
                        found = failure
                    if found != key.encode():
                        false_missing.append((node.name, key, found))

    def test_a_frozen_process_whose_machine_answers_stays_a_member(self):
        self.off.freeze()
        for key in self.lost[:5]:
            with self.assertRaises(StoreError):
                client.read(self.healthy[0].port, key)
        for node in self.healthy:
            self.assertEqual(len(node.members()), 3)
        self.off.thaw()
        for key in self.lost:
            wait_until(key, lambda key=key: client.read(self.healthy[1].port, key) == key.encode())


if __name__ == "__main__":
    run_tests_on_own_machines("switched_off_test")
