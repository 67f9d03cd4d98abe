"""Who leaves beside nodes of the 2009 system, or while they leave, costs no key; and says so when it must."""
import itertools
import json
import os
import random
import signal
import unittest

from harness import client, settings
from harness.case import ALONE
from harness.classic_ring import ClassicRing, keys_owned_by
from harness.items import numbered, read_all, write_all
from harness.waiting import wait_for_equal, wait_until
from seed_peer import wire
from seed_peer.ring import location_of
from shared_ring_test import SharedRing
from thrift.Thrift import TApplicationException

from diststore.ttypes import StoreError

# Rounds of each group that leaves at once; without it a sample of the groups, once.
ROUNDS = int(os.environ.get("P2P_ROUNDS", "0"))

LEFT_BEHIND = 69
MEBIBYTE = 1024 * 1024

# As the caller of a seed waits, for a value that takes long.
SEED_SECONDS = 30


def at_seed(seed, method, *arguments):
    return wire.call(location_of(seed.name), method, *arguments, seconds=SEED_SECONDS)


def undelivered(node):
    """Keys by receiver, of the receipts that the node has left behind."""
    path = node.data_dir / "diststore.receipts.jsonl"
    receipts = [json.loads(line) for line in path.read_text().splitlines()]
    return {receipt["receiver"]: receipt for receipt in receipts if "undelivered" in receipt}


class AtOnceTest(SharedRing):
    """Three of ours and two seeds. Two seeds that leave at once wait for each other: at most one is among those who do."""

    OURS = range(3)
    SEEDS = range(3, 5)

    def node(self, *arguments, **places):
        # Nobody is to be given up because the machine is busy.
        return super().node(*arguments, "--set", "host.drain_timeout=60s", **places)

    def groups(self):
        every = [group for count in (2, 3) for group in itertools.combinations(range(5), count)
                 if sum(member in self.SEEDS for member in group) <= 1]
        return every * ROUNDS if ROUNDS else [(0, 3), (0, 1), (0, 1, 4), (0, 1, 2)]

    def test_every_key_is_found_when_some_leave_at_the_same_moment(self):
        for number, group in enumerate(self.groups()):
            with self.subTest(group=group, number=number):
                self.let_leave_at_once(group, random.Random(number))

    def let_leave_at_once(self, group, choice):
        nodes = self.grow(["ours", "ours", "ours", "seed", "seed"])
        items = {f"key-{choice.randrange(10 ** 9)}": f"value-{number}" for number in range(400)}
        for number, (key, value) in enumerate(items.items()):
            client.write(nodes[number % len(self.OURS)].port, key, value)
        leaving = [nodes[member] for member in group]
        choice.shuffle(leaving)
        for node in leaving:
            node.send_signal(signal.SIGINT)
        for node in leaving:
            self.assertEqual(node.wait(60), 0, f"{node.name}:\n{node.log()}")
        rest = [node for node in nodes if node not in leaving]
        self.wait_for_network(rest, 30)
        for node in rest:
            self.wait_until_found(node, items)
        self.end(nodes)

    def wait_until_found(self, node, items):
        wait_for_equal(f"what {node.name} does not find", {}, lambda: {
            key: found for key, found in ((key, client.get(node.port, key)) for key in items) if found != items[key]}, 30)

    def test_who_has_nothing_to_hand_over_waits_for_a_seed_that_still_gives_to_it(self):
        stays, leaver = self.grow(["ours", "ours"])
        seed = self.join("seed", stays)
        self.wait_for_network([stays, leaver, seed])
        names = [stays.name, leaver.name, seed.name]
        after = ClassicRing([stays.name, leaver.name])
        # By the ring without the seed these go to the leaver, which it does not know to leave.
        keys = [key for key in keys_owned_by(seed.name, names, 600) if after.owner(key) == leaver.name]
        self.assertGreater(len(keys), 20)
        for key in keys:
            at_seed(seed, "put", key, f"value of {key}")
        wait_for_equal("what the seed holds", set(keys), seed.keys)
        self.assertEqual(leaver.gauge("keys"), 0)
        seed.send_signal(signal.SIGINT)
        wait_until("the seed gives", lambda: f"call {leaver.name} put" in seed.log())
        leaver.send_signal(signal.SIGINT)
        self.assertEqual((leaver.wait(60), seed.wait(60)), (0, 0))
        self.wait_for_network([stays], 30)
        self.wait_until_found(stays, {key: f"value of {key}" for key in keys})

    def test_a_seed_that_joins_through_a_leaver_is_known_to_the_rest(self):
        stays, leaver = self.grow(["ours", "ours"])
        items = numbered(200)
        write_all(stays, items)
        blocked = self.join("seed", stays)
        self.wait_for_network([stays, leaver, blocked])
        # It owns keys, so that the leaver has somebody to wait for.
        blocked.tell("mute")
        leaver.send_signal(signal.SIGTERM)
        wait_until("it leaves", lambda: "leaving the network" in leaver.log())
        joiner = self.seed().launch(leaver)
        wait_until("the joiner is known", lambda: joiner.name in stays.members(), 30)
        blocked.tell("unmute")
        self.assertEqual(leaver.wait(60), 0)
        self.wait_for_network([stays, blocked, joiner], 30)
        for node in (stays, joiner):
            self.wait_until_found(node, items)

    def test_a_leaver_answers_what_seeds_ask_before_they_give(self):
        leaver, seed = self.grow(["ours", "seed"])
        key = keys_owned_by(leaver.name, [leaver.name, seed.name], 1)[0]
        client.write(leaver.port, key, "value")
        seed.tell("mute")
        leaver.send_signal(signal.SIGTERM)
        wait_until("it leaves", lambda: "leaving the network" in leaver.log())
        client.call(leaver.port, "ping")
        self.assertEqual(client.call(leaver.port, "service_type"), "diststore.Store")
        self.assertIn("diststore.Store", client.call(leaver.port, "service_types"))
        wait_for_equal("who is in the network", [seed.name], lambda: client.members(leaver.port, service=None))
        with self.assertRaisesRegex(TApplicationException, "p2p:draining"):
            client.read(leaver.port, key)
        client.put(leaver.port, "late", "not lost")
        seed.tell("unmute")
        self.assertEqual(leaver.wait(60), 0)
        wait_for_equal("what the seed has", {key: "value", "late": "not lost"}, seed.values)


class LargeTest(SharedRing):
    """Sizes that no client could have written: the limits are 8 MiB a value, 64 KiB a key, 16 MiB a message."""

    def keys_of(self, node, ring, *prefixes):
        return [keys_owned_by(node.name, [member.name for member in ring], 1, prefix=prefix)[0] for prefix in prefixes]

    def test_what_a_seed_hands_over_is_taken_and_handed_on_whatever_its_size(self):
        seed = self.seed().start()
        ours = self.node("--join", seed.name)
        # By the ring of two they are to be handed to ours, and by that of three to the next.
        third = self.node("--join", ours.name)
        two = ClassicRing([seed.name, ours.name])
        three = ClassicRing([seed.name, ours.name, third.name])
        items = {}
        for prefix, size in (("over", 8 * MEBIBYTE + 1), ("large", 15 * MEBIBYTE), ("k" * 70 * 1024, 10)):
            key = next(key for key in (f"{prefix}-{number}" for number in itertools.count())
                       if two.owner(key) == ours.name and three.owner(key) == third.name)
            items[key] = "x" * size
            at_seed(seed, "put", key, items[key])
        ours.start()
        self.wait_until_held(ours, items)
        self.assertEqual(seed.keys(), set())
        self.assert_read(ours, items)
        third.start()
        self.wait_until_held(third, items)
        self.assert_read(ours, items)
        third.leave()
        self.wait_until_held(ours, items)
        ours.leave()
        wait_for_equal("what is back at the seed", set(items), seed.keys)
        for key, value in items.items():
            self.assertTrue(at_seed(seed, "get", key) == value, key[:20])

    def wait_until_held(self, node, items):
        wait_for_equal(f"keys at {node.name}", len(items), lambda: node.gauge("keys"), 60)
        self.assertEqual(node.gauge("bytes"), sum(len(key) + len(value) for key, value in items.items()))

    def assert_read(self, node, items):
        for key, value in items.items():
            self.assertTrue(client.read(node.port, key) == value.encode(), key[:20])
            self.assertTrue(client.get(node.port, key) == value, key[:20])
        keys = [key for key in items if len(items[key]) < 9 * MEBIBYTE]
        self.assertEqual(set(read_all(node, dict.fromkeys(keys))), set(keys))

    def test_what_no_message_can_hold_stays_at_the_seed_and_is_named(self):
        seed = self.seed().start()
        ours = self.node("--join", seed.name)
        key = self.keys_of(ours, [seed, ours], "huge")[0]
        at_seed(seed, "put", key, "x" * 17 * MEBIBYTE)
        ours.start()
        size = f"field 1 is '{key}', field 2 has {17 * MEBIBYTE} bytes"
        wait_until("ours names it", lambda: size in ours.log())
        self.wait_for_network([seed, ours])
        self.assertEqual(seed.keys(), {key})
        wait_until("the seed has noticed", lambda: f"{ours.name} broke off put" in seed.log())

    def test_a_value_at_a_seed_that_no_message_can_hold_is_an_error_and_not_missing(self):
        ours, seed = self.grow(["ours", "seed"])
        key = self.keys_of(seed, [seed, ours], "huge")[0]
        at_seed(seed, "put", key, "x" * 17 * MEBIBYTE)
        with self.assertRaises(StoreError):
            client.read(ours.port, key)
        with self.assertRaises(TApplicationException):
            client.get(ours.port, key)


class ManyTest(SharedRing):
    KEYS = int(os.environ.get("P2P_KEYS", "3000"))
    PATIENCE_SECONDS = 2

    def test_a_leave_that_gets_further_is_not_cut_off(self):
        leaver = self.node(*ALONE, "--set", f"host.drain_timeout={self.PATIENCE_SECONDS * settings.PATIENCE}s").start()
        seeds = [self.join("seed", leaver) for _ in range(2)]
        self.wait_for_network([leaver, *seeds])
        ring = ClassicRing([leaver.name, *(seed.name for seed in seeds)])
        own = (key for key in (f"key-{number}" for number in itertools.count()) if ring.owner(key) == leaver.name)
        items = {key: f"value of {key}" for key in itertools.islice(own, self.KEYS)}
        write_all(leaver, items)
        leaver.send_signal(signal.SIGTERM)
        self.assertEqual(leaver.wait(900), 0, leaver.log())
        self.assertEqual({**seeds[0].values(), **seeds[1].values()}, items)
        self.assertEqual(sum(len(seed.values()) for seed in seeds), len(items))
        path = leaver.data_dir / "diststore.receipts.jsonl"
        receipts = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(sum(receipt["keys"] for receipt in receipts), len(items))
        self.assertTrue(all(receipt["complete"] for receipt in receipts))


class LeftBehindTest(SharedRing):
    """A seed that takes connections and does nothing: what it should get has to be given up."""

    KEYS = 50

    def setUp(self):
        super().setUp()
        # Long enough for the sound one, which is found out to be of that system while the other one is waited for.
        self.leaver = self.node(*ALONE, "--set", "host.drain_timeout=4s",
                                "--set", "host.allow_remote_die=true").start()
        self.seed_at_fault, self.sound = (self.join("seed", self.leaver) for _ in range(2))
        names = [node.name for node in (self.leaver, self.seed_at_fault, self.sound)]
        self.wait_for_network([self.leaver, self.seed_at_fault, self.sound])
        self.items = {key: f"value of {key}" for key in keys_owned_by(self.leaver.name, names, self.KEYS)}
        write_all(self.leaver, self.items)
        heirs = ClassicRing(names[1:])
        self.stuck = {key for key in self.items if heirs.owner(key) == self.seed_at_fault.name}
        self.assertTrue(self.stuck)
        self.seed_at_fault.tell("mute")

    def end_by(self, way):
        way()
        self.assertEqual(self.leaver.wait(60), LEFT_BEHIND, self.leaver.log())
        log = self.leaver.log()
        self.assertRegex(log, rf"{len(self.stuck)} of {self.KEYS} keys \(\d+ bytes\), which {self.seed_at_fault.name} should")
        self.assertIn("has not drained, and got no further for [host] drain_timeout = 4s", log)
        left = undelivered(self.leaver)
        self.assertEqual(list(left), [self.seed_at_fault.name])
        self.assertEqual(left[self.seed_at_fault.name]["undelivered"], len(self.stuck))
        self.assertEqual(set(left[self.seed_at_fault.name]["undelivered_keys"]), self.stuck)
        # The sound one has all that is its own, whoever else is stuck; nothing else is gone.
        self.assertEqual(self.sound.values(), {key: self.items[key] for key in self.items if key not in self.stuck})

    def test_by_sigterm(self):
        self.end_by(lambda: self.leaver.send_signal(signal.SIGTERM))

    def test_by_sigint(self):
        self.end_by(lambda: self.leaver.send_signal(signal.SIGINT))

    def test_by_die(self):
        self.end_by(lambda: client.call(self.leaver.port, "die"))

    def test_by_p2pctl(self):
        told = []
        self.end_by(lambda: told.append(self.leaver.ctl("--json", "leave")))
        self.assertEqual(told[0].returncode, 1, told[0].stderr)
        answer = json.loads(told[0].stdout)
        self.assertFalse(answer["complete"])
        self.assertEqual(len(answer["left_behind"]), 1)
        self.assertIn(f"{len(self.stuck)} of {self.KEYS} keys", answer["left_behind"][0])
        self.assertIn(self.seed_at_fault.name, answer["left_behind"][0])


if __name__ == "__main__":
    unittest.main()
