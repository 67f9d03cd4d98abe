"""Beside nodes of the 2009 system: what is not known is not called missing, nobody who asks holds such a node up, and the
log says how each of them has gone."""
import asyncio
import concurrent.futures
import json
import subprocess
import unittest

from harness import address, client, client_probe, settings
from harness.case import ALONE
from harness.classic_ring import ClassicRing, keys_owned_by
from harness.waiting import wait_for_equal, wait_until
from seed_peer.wire import NO_CALL
from shared_ring_test import SharedRing
from thrift.Thrift import TApplicationException

from p2p_client import AsyncClient, Client, Failed

from diststore.ttypes import ReadOptions, StoreError, StoreErrorKind
from locator.ttypes import Location

DONE, NO_NODE = 0, 3

# Of a call through ours: long enough to be tried more than once, short against a test's patience.
SHORT_CALLS = settings.patient("host.call_timeout=1s", "services.diststore.config.forward_timeout=0.25s")

# Whoever waited for it would wait longer than any test does.
NEVER = ("--timeout", "10m")


def p2pctl(*words):
    """Exit code, standard output, standard error."""
    ended = subprocess.run([str(settings.P2PCTL), *map(str, words)], capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=30 * settings.PATIENCE)
    return ended.returncode, ended.stdout, ended.stderr


class UnknownAnswerTest(SharedRing):
    """A member that accepts connections and answers none is a process that has been stopped, or hangs."""

    def setUp(self):
        super().setUp()
        self.first = self.node(*ALONE, *SHORT_CALLS).start()
        self.second = self.node("--join", self.first.name, *SHORT_CALLS).start()

    def keys_of(self, member, nodes, count=3):
        return keys_owned_by(member.name, [node.name for node in nodes], count)

    def assert_not_answered(self, member, keys):
        """All at once, since each takes its whole time."""
        encoded = [key.encode() for key in keys]
        asked = [(node, check, argument) for node in (self.first, self.second)
                 for check, argument in ((self.assert_get_fails, keys[0]), (self.assert_read_fails, encoded[1]),
                                         (self.assert_read_fails, encoded))]
        with concurrent.futures.ThreadPoolExecutor(len(asked)) as threads:
            for ended in [threads.submit(check, node, member, argument) for node, check, argument in asked]:
                ended.result()

    def assert_get_fails(self, node, member, key):
        with self.assertRaises(TApplicationException) as raised:
            client.get(node.port, key)
        self.assertIn(member.name, raised.exception.message)
        self.assertIn("not known", raised.exception.message)

    def assert_read_fails(self, node, member, asked):
        method = "read_many" if isinstance(asked, list) else "read"
        with self.assertRaises(StoreError) as raised:
            client.call(node.port, method, asked, ReadOptions(), service="diststore")
        self.assertIn(raised.exception.kind, (StoreErrorKind.unavailable, StoreErrorKind.not_executed))
        self.assertIn(member.name, raised.exception.message)

    def freeze(self, member):
        member.freeze()
        self.addCleanup(member.thaw)

    def test_a_seed_that_is_stopped(self):
        seed = self.join("seed", self.first)
        nodes = [self.first, self.second, seed]
        self.wait_for_network(nodes)
        keys = self.keys_of(seed, nodes)
        for key in keys:
            client.write(self.first.port, key, key)
        self.freeze(seed)
        self.assert_not_answered(seed, keys)
        for node in (self.first, self.second):
            self.assertEqual(p2pctl("--node", node.name, "members")[1].split(), sorted(node.name for node in nodes))
            for verb in ("status", "ping", "services"):
                self.assertEqual(p2pctl("--node", node.name, verb)[0], DONE, verb)
        seed.thaw()
        for node in (self.first, self.second):
            for key in keys:
                wait_for_equal(key, key, lambda node=node, key=key: client.get(node.port, key))

    def test_a_node_of_ours_that_is_stopped(self):
        third = self.node("--join", self.first.name).start()
        nodes = [self.first, self.second, third]
        self.wait_for_network(nodes)
        self.wait_for_quiet(nodes)
        keys = self.keys_of(third, nodes)
        self.freeze(third)
        self.assert_not_answered(third, keys)

    def test_a_seed_that_never_answers_get(self):
        seed = self.seed("--mute-on", "get").start(self.first)
        nodes = [self.first, self.second, seed]
        wait_for_equal("members", sorted(node.name for node in nodes), self.second.members)
        self.assert_not_answered(seed, self.keys_of(seed, nodes))


class LateNewsTest(SharedRing):
    def test_a_put_that_comes_before_the_news_that_its_owner_leaves_is_kept(self):
        # A seed that leaves says so, and then puts what it holds, without waiting for an answer to the former.
        ours = self.node(*ALONE).start()
        seed = self.seed("--mute-on", "put").start(ours)
        self.wait_for_network([ours, seed])
        key = keys_owned_by(seed.name, [ours.name, seed.name], 1)[0]
        client.put(ours.port, key, "value")
        wait_until("the put is passed on to the seed", lambda: "got put" in seed.log())
        location = Location(address.HOST, seed.port)
        client.call(ours.port, "remove", location, [location])
        wait_for_equal("members", [ours.name], ours.members)
        wait_for_equal("what was put", b"value", lambda: client.read(ours.port, key))


class AskedSeedTest(SharedRing):
    """Who asks a node that may be a seed holds it up no longer than its own clients do."""

    def p2pctl(self, *words, code=DONE):
        ended, output, errors = p2pctl(*NEVER, *words)
        self.assertEqual(ended, code, (words, output + errors))
        return output + errors

    def test_p2pctl_tells_of_a_seed_what_it_knows_and_says_what_it_cannot(self):
        seed, ours = self.grow(("seed", "ours"))
        names = sorted((seed.name, ours.name))
        place = ("--node", seed.name)
        self.assertIn("a node of the 2009 system", self.p2pctl(*place, "ping"))
        self.assertEqual(json.loads(self.p2pctl(*place, "--json", "ping"))["state"], "classic")
        self.assertIn("2 members", self.p2pctl(*place, "status"))
        self.assertEqual(json.loads(self.p2pctl(*place, "--json", "status")),
                         {"node": seed.name, "state": "classic", "service": "diststore.Store", "members": 2})
        self.assertEqual(self.p2pctl(*place, "members").split(), names)
        self.assertEqual(json.loads(self.p2pctl(*place, "--json", "members")), {"members": names})
        for key in ("a", "Zulu"):
            self.assertEqual(self.p2pctl(*place, "locate", key), ClassicRing(names).owner(key) + "\n")
        for words in (["services"], ["ring"], ["receipts"], ["get", "a"], ["put", "a", "b"], ["delete", "a"], ["prime"],
                      ["verify"], ["bench", "--requests", "1"], ["leave"], ["stop"], ["reload"], ["enable", "diststore"]):
            self.assertIn(f"{seed.name} is no node of ours", self.p2pctl(*place, *words, code=NO_NODE))
        self.assertTrue(seed.is_running())
        self.assertNotIn(NO_CALL, seed.log())
        self.assertEqual(seed.members(), names)

    def test_nodes_that_look_for_a_network_speak_as_a_seed_understands(self):
        seed = self.seed().start()
        self.node("--join", seed.name).start()
        self.node("--set", f"services.locator.config.discover_port_first={seed.port}",
                  "--set", "services.locator.config.discover_port_count=1").start()
        wait_until("three members", lambda: len(seed.members()) == 3)
        self.assertNotIn(NO_CALL, seed.log())


    def test_clients_reach_its_keys_through_ours_and_leave_it_alone(self):
        ours, seed = self.grow(("ours", "seed"))
        keys = [f"key-{number}".encode() for number in range(20)]
        with Client(ours.name) as store:
            self.assertIn(seed.name, map(store.owner, keys))
            for key in keys:
                store.write(key, key)
            self.assertEqual([found.value for found in store.read_many(keys)], keys)

        async def read_all():
            async with AsyncClient(ours.name) as store:
                return [found.value for found in await asyncio.gather(*map(store.read, keys))]

        self.assertEqual(asyncio.run(read_all()), keys)
        told = client_probe.run(ours, "steady", 500)
        self.assertEqual(told["failed"], 0, told)
        self.assertNotIn(NO_CALL, seed.log())

    def test_clients_that_know_nobody_else_are_not_served_and_leave_it_alone(self):
        seed = self.seed().start()
        with Client(seed.name, deadline=1) as store, self.assertRaises(Failed):
            store.read(b"key")

        async def read():
            async with AsyncClient(seed.name, deadline=1) as store:
                return await store.read(b"key")

        with self.assertRaises(Failed):
            asyncio.run(read())
        self.assertNotIn(NO_CALL, seed.log())
        self.assertEqual(seed.members(), [seed.name])


class DepartureWordsTest(SharedRing):
    def assert_said(self, node, member, words):
        wait_until(f"{node.name} says that {member.name} {words}", lambda: f"{member.name} {words}" in node.log(), 20)

    def look_a_second_time(self, node, member):
        """Until the node has asked for it again, as for each that --join names: and has said nothing bad about it."""
        wait_until("it was looked for again", lambda: f"{member.name} is looked for" in node.log(), 20)
        self.assertNotIn("cannot be joined", node.log())

    def test_a_seed_that_leaves_and_one_that_is_killed(self):
        for end, words in ((lambda seed: seed.leave(), "has left"), (lambda seed: seed.kill(), "has died")):
            seed = self.seed().start()
            node = self.node("--join", seed.name).start()
            self.wait_for_network([node, seed])
            end(seed)
            wait_for_equal("members", [node.name], node.members, 20)
            self.assert_said(node, seed, words)
            self.look_a_second_time(node, seed)

    def test_a_node_of_ours_that_leaves_and_one_that_is_killed(self):
        for end, words in ((lambda node: node.leave(), "has left"), (lambda node: node.kill(), "has died")):
            member = self.node(*ALONE).start()
            node = self.node("--join", member.name).start()
            self.wait_for_network([node, member])
            end(member)
            wait_for_equal("members", [node.name], node.members, 20)
            self.assert_said(node, member, words)
            self.look_a_second_time(node, member)


if __name__ == "__main__":
    unittest.main()
