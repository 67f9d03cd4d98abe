"""While a node of the 2009 system hands over what it holds, and answers nobody, none of its keys is called missing."""
import concurrent.futures
import itertools
import signal
import unittest

from harness import client, settings
from harness.case import ALONE
from harness.classic_ring import ClassicRing, keys_owned_by
from harness.waiting import wait_for_equal, wait_until
from shared_ring_test import SharedRing
from thrift.Thrift import TApplicationException

from diststore.ttypes import ReadOptions, StoreError, StoreErrorKind

KEYS = 20

# Of what waits for the hand-over: it is over while the seed still holds its keys.
SHORT_CALLS = settings.patient("host.call_timeout=1s", "services.diststore.config.forward_timeout=0.25s")


class SeedLeavingTest(SharedRing):
    def grow_with_a_seed(self, *others, limits=SHORT_CALLS):
        """Two nodes of ours, and a seed that holds KEYS keys and hands none of them over before it may go on."""
        self.first = self.node(*ALONE, *limits).start()
        self.second = self.node("--join", self.first.name, *limits).start()
        self.others = [self.join(kind, self.first) for kind in others]
        self.leaver = self.join("seed", self.first)
        self.left = [self.first, self.second, *self.others]
        self.wait_for_network([*self.left, self.leaver])
        self.keys = keys_owned_by(self.leaver.name, [node.name for node in (*self.left, self.leaver)], KEYS)
        for key in self.keys:
            client.write(self.first.port, key, f"value of {key}")

    def keys_on_their_way_to(self, heir, count=3):
        """The leaver's own, of which `heir` is the next owner."""
        before = ClassicRing([node.name for node in (*self.left, self.leaver)])
        after = ClassicRing([node.name for node in self.left])
        all_keys = (f"handed-{number}" for number in itertools.count())
        theirs = (key for key in all_keys if (before.owner(key), after.owner(key)) == (self.leaver.name, heir.name))
        return list(itertools.islice(theirs, count))

    def begin_to_leave(self):
        self.leaver.tell("hold-hand-over")
        self.leaver.send_signal(signal.SIGINT)
        for node in (self.first, self.second):
            wait_for_equal("members without the leaver", sorted(node.name for node in self.left), node.members)

    def ends_of_reads(self, keys):
        """How reading each of them ends, by each call and node: its value, the word for none, or a fault."""
        with concurrent.futures.ThreadPoolExecutor(30) as threads:
            asked = [threads.submit(read, node.port, key) for node in (self.first, self.second) for key in keys
                     for read in (get, read_one, read_many)]
            return {ended.result() for ended in asked}

    def values(self, node):
        return {key: client.get(node.port, key) for key in self.keys}

    def test_what_it_still_holds_is_not_known_until_it_has_put_it(self):
        self.grow_with_a_seed()
        self.begin_to_leave()
        self.assertEqual(self.ends_of_reads(self.keys), {"fault"})
        self.leaver.tell("go-on")
        for node in (self.first, self.second):
            wait_for_equal("every value", {key: f"value of {key}" for key in self.keys},
                           lambda node=node: self.values(node))
        self.assertEqual(self.leaver.wait(), 0)
        for node in (self.first, self.second):
            wait_until("it awaits nothing", node.awaits_no_keys)
            self.assertIn(f"{self.leaver.name} has left", node.log())
            self.assertNotIn("has died", node.log())
        self.assertEqual(self.ends_of_reads(["no such key"]), {"missing"})

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
        self.assertEqual(self.ends_of_reads(self.keys[:3]), {"fault"})
        with self.assertRaises(StoreError):
            client.write(self.first.port, self.keys[0], "newer")
        self.leaver.kill()
        for node in (self.first, self.second):
            wait_until("it awaits nothing", node.awaits_no_keys)
        self.assertEqual(self.ends_of_reads(self.keys[:3]), {"missing"})
        client.write(self.first.port, self.keys[0], "newer")
        self.assertEqual(client.read(self.second.port, self.keys[0]), b"newer")

    def test_what_another_seed_will_get_of_it_is_not_known_either(self):
        self.grow_with_a_seed("seed")
        keys = self.keys_on_their_way_to(self.others[0])
        for key in keys:
            client.write(self.first.port, key, f"value of {key}")
        self.keys = [*self.keys, *keys]
        self.begin_to_leave()
        self.assertEqual(self.ends_of_reads(keys), {"fault"})
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


def end_of(read):
    """A value, "missing", or "fault"."""
    try:
        return read() or "missing"
    except TApplicationException:
        return "fault"
    except StoreError as error:
        assert error.kind in (StoreErrorKind.unavailable, StoreErrorKind.not_executed), error
        return "fault"


def get(port, key):
    return end_of(lambda: client.get(port, key))


def read_one(port, key):
    return end_of(lambda: client.read(port, key))


def read_many(port, key):
    return end_of(lambda: client.call(port, "read_many", [key.encode()], ReadOptions(), service="diststore")[0].value)


if __name__ == "__main__":
    unittest.main()
