"""While a node of the 2009 system hands over what it holds, and answers nobody, none of its keys is called missing."""
import concurrent.futures
import signal
import unittest

from harness import client, settings
from harness.classic_ring import keys_owned_by, keys_that_move
from harness.ends import FAULT, MISSING, ends_of_reads
from harness.waiting import wait_for_equal, wait_until
from shared_ring_test import SharedRing
from thrift.Thrift import TApplicationException

from diststore.ttypes import StoreError

KEYS = 20

# Of what waits for the hand-over: it is over while the seed still holds its keys.
SHORT_CALLS = settings.patient("host.call_timeout=1s", "services.diststore.config.forward_timeout=0.25s")


class SeedLeavingTest(SharedRing):
    def grow_with_a_seed(self, *others, limits=SHORT_CALLS):
        """Two nodes of ours, and a seed that holds KEYS keys and hands none of them over before it may go on."""
        self.first, self.second = self.two_of_ours(*limits)
        self.others = [self.join(kind, self.first) for kind in others]
        self.leaver = self.join("seed", self.first)
        self.left = [self.first, self.second, *self.others]
        self.wait_for_network([*self.left, self.leaver])
        self.keys = keys_owned_by(self.leaver.name, [node.name for node in (*self.left, self.leaver)], KEYS)
        for key in self.keys:
            client.write(self.first.port, key, f"value of {key}")

    def keys_on_their_way_to(self, heir, count=3):
        """The leaver's own, of which `heir` is the next owner."""
        left = [node.name for node in self.left]
        return keys_that_move([(self.leaver.name, [*left, self.leaver.name]), (heir.name, left)], count, "handed")

    def begin_to_leave(self):
        self.leaver.tell("hold-hand-over")
        self.leaver.send_signal(signal.SIGINT)
        for node in (self.first, self.second):
            wait_for_equal("members without the leaver", sorted(node.name for node in self.left), node.members)

    def ends_of_reads(self, keys):
        return set().union(*ends_of_reads((self.first, self.second), keys).values())

    def values(self, node):
        return {key: client.get(node.port, key) for key in self.keys}

    def test_what_it_still_holds_is_not_known_until_it_has_put_it(self):
        self.grow_with_a_seed()
        self.begin_to_leave()
        self.assertEqual(self.ends_of_reads(self.keys), {FAULT})
        self.leaver.tell("go-on")
        for node in (self.first, self.second):
            wait_for_equal("every value", {key: f"value of {key}" for key in self.keys},
                           lambda node=node: self.values(node))
        self.assertEqual(self.leaver.wait(), 0)
        for node in (self.first, self.second):
            wait_until("it awaits nothing", node.awaits_no_keys)
            self.assertIn(f"{self.leaver.name} has left", node.log())
            self.assertNotIn("has died", node.log())
        self.assertEqual(self.ends_of_reads(["no such key"]), {MISSING})

    def test_calls_wait_for_the_hand_over_and_what_is_acknowledged_meanwhile_is_newer(self):
        self.grow_with_a_seed(limits=())
        self.begin_to_leave()
        with concurrent.futures.ThreadPoolExecutor(30) as threads:
            written, read = self.keys[::2], self.keys[1::2]
            writes = [threads.submit(client.write, self.first.port, key, "newer") for key in written]
            reads = [threads.submit(client.get, self.second.port, key) for key in read]
            self.leaver.tell("go-on")
            for ended in writes:
                ended.result()
            self.assertEqual([ended.result() for ended in reads], [f"value of {key}" for key in read])
        self.assertEqual(self.leaver.wait(), 0)
        for node in (self.first, self.second):
            wait_until("it awaits nothing", node.awaits_no_keys)
            self.assertEqual([client.get(node.port, key) for key in written], ["newer"] * len(written))

    def test_one_that_hangs_is_awaited_until_it_has_ended(self):
        self.grow_with_a_seed()
        self.begin_to_leave()
        self.leaver.freeze()
        self.assertEqual(self.ends_of_reads(self.keys[:3]), {FAULT})
        with self.assertRaises((StoreError, TApplicationException)):
            client.write(self.first.port, self.keys[0], "newer")
        self.leaver.kill()
        for node in (self.first, self.second):
            wait_until("it awaits nothing", node.awaits_no_keys)
        self.assertEqual(self.ends_of_reads(self.keys[:3]), {MISSING})
        client.write(self.first.port, self.keys[0], "newer")
        self.assertEqual(client.read(self.second.port, self.keys[0]), b"newer")

    def test_what_another_seed_will_get_of_it_is_not_known_either(self):
        self.grow_with_a_seed("seed")
        keys = self.keys_on_their_way_to(self.others[0])
        for key in keys:
            client.write(self.first.port, key, f"value of {key}")
        self.keys = [*self.keys, *keys]
        self.begin_to_leave()
        self.assertEqual(self.ends_of_reads(keys), {FAULT})
        self.leaver.tell("go-on")
        self.assertEqual(self.leaver.wait(), 0)
        for node in (self.first, self.second):
            wait_for_equal("every value", {key: f"value of {key}" for key in self.keys},
                           lambda node=node: self.values(node))

    def test_what_is_acknowledged_of_that_seed_meanwhile_is_newer_too(self):
        self.grow_with_a_seed("seed", limits=())
        keys = self.keys_on_their_way_to(self.others[0])
        for key in keys:
            client.write(self.first.port, key, f"value of {key}")
        self.begin_to_leave()
        with concurrent.futures.ThreadPoolExecutor(len(keys)) as threads:
            writes = [threads.submit(client.write, self.first.port, key, "newer") for key in keys]
            self.leaver.tell("go-on")
            for ended in writes:
                ended.result()
        self.assertEqual(self.leaver.wait(), 0)
        self.assertEqual([client.get(self.second.port, key) for key in keys], ["newer"] * len(keys))

    def test_one_that_starts_again_at_once_is_a_member_again(self):
        for contact in ("ours", "seed"):
            with self.subTest(contact=contact):
                self.grow_with_a_seed("seed")
                self.leaver.leave()
                if contact == "ours":
                    self.leaver.start(self.first)
                else:
                    self.leaver.join_without_a_race(self.others[0])
                self.wait_for_network([*self.left, self.leaver])
                for node in (self.first, self.second):
                    wait_for_equal("every value", {key: f"value of {key}" for key in self.keys},
                                   lambda node=node: self.values(node))
                self.end([*self.left, self.leaver])


if __name__ == "__main__":
    unittest.main()
