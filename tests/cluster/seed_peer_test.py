"""The peers of the 2009 system that other tests share a ring with behave as that system is described."""
import select
import signal
import subprocess
import sys
import unittest

from harness import address, client
from harness.case import ClusterTest
from harness.classic_ring import ClassicRing, keys_owned_by
from harness.ports import free_port, free_ports
from harness.raw import RawConnection, Request
from harness.recording_peer import RecordingPeer
from harness.seed_process import FOLDER, SeedProcess
from harness.settings import PATIENCE
from harness.waiting import wait_for_equal, wait_until
from thrift.Thrift import TApplicationException
from thrift.transport.TTransport import TTransportException

from diststore.ttypes import ReadOptions
from locator import Base
from locator.ttypes import Location
from seed_peer import clients, discovery, wire
from seed_peer.ring import location_of

# Long for an answer on loopback, short for a test that waits for none to come.
SILENCE_SECONDS = 0.3
# A node that is spoken about, and never called: nobody is there.
NEWS = "127.0.0.2:1"
# Clients that wait for ever hang a broken test; these give up.
CALL_SECONDS = 10


def call(peer, method, *arguments, seconds=CALL_SECONDS):
    return wire.call(location_of(peer.name), method, *arguments, seconds=seconds)


def is_refused(name):
    try:
        wire.call(location_of(name), "ping", seconds=CALL_SECONDS)
    except wire.Unreachable:
        return True
    return False


class SeedTest(ClusterTest):
    def seed(self, *arguments, **places):
        """A seed that is not started yet."""
        seed = SeedProcess(*arguments, **places)
        self._nodes.append(seed)
        return seed

    def seeds(self, count):
        """`count` started seeds, one ring."""
        first = self.seed().start()
        found = [first] + [self.seed().start(first) for _ in range(count - 1)]
        self.wait_for_network(found)
        return found

    def recorder(self, **places):
        peer = RecordingPeer(**places).start()
        self.addCleanup(peer.__exit__)
        return peer

    def primed(self, count):
        """`count` seeds that have the alphabet."""
        seeds = self.seeds(count)
        clients.prime(seeds[0].name, seconds=CALL_SECONDS)
        self.wait_for_alphabet(seeds)
        return seeds

    def wait_for_alphabet(self, seeds):
        """Waits until each letter lies at its owner."""
        ring = ClassicRing([seed.name for seed in seeds])
        for seed in seeds:
            own = {letter: word for letter, word in clients.ALPHABET.items() if ring.owner(letter) == seed.name}
            wait_for_equal(f"the letters of {seed.name}", own, seed.values)


class SeedRingTest(SeedTest):
    def test_three_form_a_ring_in_which_all_name_the_same_owner(self):
        seeds = self.seeds(3)
        ring = ClassicRing([seed.name for seed in seeds])
        for seed in seeds:
            self.assertEqual(seed.ring(), sorted(seed.name for seed in seeds))
            for key in ["", "ü", "0" * 32, *clients.ALPHABET, *(f"key-{number}" for number in range(20))]:
                self.assertEqual(client.owner(seed.port, key, service=None), ring.owner(key), key)

    def test_the_alphabet_is_primed_and_found_through_each(self):
        seeds = self.primed(3)
        self.assertEqual((clients.ALPHABET["X"], clients.ALPHABET["J"], len(clients.ALPHABET)), ("X-ray", "Juliet", 26))
        for seed in seeds:
            self.assertEqual(clients.test(seed.name, seconds=CALL_SECONDS), {})
            for letter, word in clients.ALPHABET.items():
                self.assertEqual(clients.get(letter, seed.name, seconds=CALL_SECONDS), word)

    def test_a_join_moves_the_keys_that_the_joiner_owns_from_everyone(self):
        seeds = self.primed(2)
        seeds.append(self.seed().join_without_a_race(seeds[0]))
        self.wait_for_network(seeds)
        self.wait_for_alphabet(seeds)

    def test_who_leaves_by_a_signal_or_by_die_gives_its_keys_to_the_next_owners(self):
        ways = [lambda seed: seed.leave(signal.SIGINT), lambda seed: seed.leave(signal.SIGTERM), self.die]
        seeds = self.primed(len(ways) + 1)
        for leave in ways:
            leave(seeds.pop())
            self.wait_for_network(seeds)
            self.wait_for_alphabet(seeds)

    def die(self, seed):
        call(seed, "die")
        self.assertEqual(seed.wait(), 0)

    def test_a_kill_loses_the_keys_of_that_node_and_its_removal_travels(self):
        seeds = self.primed(3)
        killed = max(seeds[1:], key=lambda seed: len(seed.values()))
        seeds.remove(killed)
        lost = set(killed.values())
        self.assertTrue(lost)
        killed.kill()
        missing = clients.test(seeds[0].name, seconds=CALL_SECONDS)
        ring = ClassicRing([seed.name for seed in seeds])
        self.assertEqual(missing, {letter: ring.owner(letter) for letter in lost})
        # The second has not been asked for anything: it was told.
        wait_for_equal("the ring of the second", sorted(seed.name for seed in seeds), seeds[1].ring)
        for letter, word in clients.ALPHABET.items():
            self.assertEqual(clients.get(letter, seeds[1].name, seconds=CALL_SECONDS), "" if letter in lost else word)

    def test_a_put_for_a_dead_owner_is_lost_and_removes_it(self):
        seeds = self.seeds(2)
        key = keys_owned_by(seeds[1].name, [seed.name for seed in seeds], 1)[0]
        seeds[1].kill()
        call(seeds[0], "put", key, "lost")
        wait_for_equal("its ring", [seeds[0].name], seeds[0].ring)
        self.assertEqual(call(seeds[0], "get", key), "")
        self.assertEqual(seeds[0].items(), {key: ""})

    def test_a_client_that_keeps_its_connection_keeps_the_next_waiting(self):
        seed = self.seed().start()
        ping = Request(Base, "ping")
        with RawConnection(seed.port, client.CLASSIC) as first, RawConnection(seed.port, client.CLASSIC) as second:
            first.call(ping)
            second.send(ping.encode(client.CLASSIC))
            self.assertEqual(select.select([second.socket], [], [], SILENCE_SECONDS * PATIENCE)[0], [])
            first.call(ping)
            first.close()
            second.reply(ping)

    def test_two_whose_rings_differ_forward_to_each_other_for_ever(self):
        one, other = self.seed().start(), self.seed().start()
        for seed, opposite in ((one, other), (other, one)):
            seed.tell("ring-add", opposite.name)
            seed.tell("ring-drop", seed.name)
        with self.assertRaises(TTransportException):
            call(one, "get", "key", seconds=SILENCE_SECONDS)
        wait_until("the second forwards it back", lambda: f"call {one.name} get('key')" in other.log())


class SeedStartTest(SeedTest):
    def test_it_says_what_it_is(self):
        store, locator = self.seed().start(), self.seed("--locator-only").start()
        self.assertEqual(call(store, "service_type"), "diststore.Store")
        self.assertEqual(call(store, "service_types"), ["locator.Base", "locator.Locator", "diststore.Store"])
        self.assertEqual(call(locator, "service_type"), "locator.Locator")
        self.assertEqual(call(locator, "service_types"), ["locator.Base", "locator.Locator"])
        call(store, "debug")
        wait_until("its ring in its log", lambda: f"ring: ['{store.name}']" in store.log())

    def test_it_knows_no_newer_method_and_no_service_by_name(self):
        store, locator = self.seed().start(), self.seed("--locator-only").start()
        unknown = [(store, "read", (b"key", ReadOptions()), None),
                   (store, "get", ("key",), "diststore"),
                   (locator, "get", ("key",), None)]
        for seed, method, arguments, service in unknown:
            with self.subTest(method), self.assertRaises(TApplicationException) as refused:
                client.call(seed.port, method, *arguments, service=service)
            self.assertEqual(refused.exception.type, TApplicationException.UNKNOWN_METHOD)

    def test_an_empty_ring_names_nobody(self):
        seed = self.seed().start()
        seed.tell("ring-drop", seed.name)
        self.assertEqual(call(seed, "get_node", "key"), Location("", 0))
        self.assertEqual(call(seed, "get", "key"), "")

    def test_any_bytes_are_a_key_and_a_value_and_no_bytes_end_it(self):
        seed = self.seed().start()
        key, value = (data.decode("utf-8", "surrogateescape") for data in (b"\xff\x00", b"\x80\xfe"))
        call(seed, "put", key, value)
        self.assertEqual(call(seed, "get", key), value)
        self.assertEqual(seed.items(), {key: value})
        unknown = Request(Base, "ping", named="pïng").encode(client.CLASSIC)
        for garbage in (b"\xff" * 64, b"GET / HTTP/1.0\r\n\r\n", unknown):
            with RawConnection(seed.port, client.CLASSIC) as stranger:
                stranger.send(garbage)
        call(seed, "ping")

    def test_it_refuses_to_start_where_somebody_answers_already(self):
        first = self.seed().start()
        second = self.seed(port=first.port).launch()
        self.assertEqual(second.wait(), 1)
        self.assertIn("answers", second.log())

    def test_it_does_not_start_with_a_peer_that_cannot_be_reached(self):
        seed = self.seed().launch(f"127.0.0.1:{free_port()}")
        self.assertEqual(seed.wait(), 1)
        self.assertIn("Unreachable", seed.log())

    def test_without_a_port_it_takes_the_first_at_which_nobody_answers(self):
        ports = free_ports(3)
        for port in ports[:2]:
            self.seed(port=port).start()
        self.assertEqual(discovery.find_free_port("127.0.0.1", 3, ports[0]), ports[2])
        with self.assertRaises(discovery.NothingFound):
            discovery.find_free_port("127.0.0.1", 2, ports[0])

    def test_without_a_peer_nodes_and_clients_find_the_first_of_the_wanted_kind(self):
        ports = free_ports(discovery.DISCOVERED_PORTS)
        locator = self.seed("--locator-only", port=ports[1]).start(discover_from=ports[0])
        store = self.seed(port=ports[2]).start(discover_from=ports[0])
        self.assertEqual((locator.ring(), store.ring()), ([locator.name], [store.name]))
        second = self.seed(port=ports[3]).start(discover_from=ports[0])
        self.wait_for_network([store, second])
        clients.put("key", "value", first_port=ports[0], seconds=CALL_SECONDS)
        wait_for_equal("the value", "value", lambda: clients.get("key", first_port=ports[0], seconds=CALL_SECONDS))
        wait_for_equal("the ring of the locator", [locator.name], locator.ring)


class SeedOrderTest(SeedTest):
    """Peers that take down what they are called."""

    def test_a_joiner_asks_for_all_then_joins_and_listens_only_after_that(self):
        port = free_port()
        refused = []

        def on_call(method):
            if method == "get_all":
                refused.append(is_refused(f"127.0.0.1:{port}"))

        other = Location("127.0.0.1", free_port())
        peer = self.recorder(on_call=on_call, ring=[other])
        seed = self.seed(port=port).start(peer)
        self.assertEqual(peer.wait_for("join"), [("get_all",), ("join", seed.name)])
        self.assertEqual(refused, [True])
        self.assertEqual(seed.ring(), sorted([seed.name, peer.name, client.name_of(other)]))

    def test_a_donor_puts_what_the_joiner_owns_and_pings_it_afterwards_once(self):
        donor, joiner = self.seed().start(), self.recorder()
        names = [donor.name, joiner.name]
        moving, staying = (keys_owned_by(name, names, 5) for name in (joiner.name, donor.name))
        for key in moving[1:] + staying:
            call(donor, "put", key, f"value of {key}")
        self.assertEqual(call(donor, "get", moving[0]), "")  # which inserts it
        call(donor, "join", joiner.location)
        joiner.wait_for("ping")
        wait_for_equal("what stays", {key: f"value of {key}" for key in staying}, donor.items)
        self.assertEqual(joiner.methods(), ["put"] * len(moving) + ["ping"])
        self.assertEqual(joiner.items, {moving[0]: "", **{key: f"value of {key}" for key in moving[1:]}})

    def test_a_put_that_the_joiner_refuses_strands_the_key_and_the_joiner_is_pinged_until_it_listens(self):
        donor = self.seed().start()
        joiner = RecordingPeer()
        key = keys_owned_by(joiner.name, [donor.name, joiner.name], 1)[0]
        call(donor, "put", key, "stranded")
        call(donor, "join", joiner.location)
        wait_until("it was pinged in vain", lambda: "does not listen yet" in donor.log())
        with joiner:
            joiner.wait_for("ping")
            self.assertEqual(joiner.methods(), ["ping"])
            self.assertEqual(donor.items(), {key: "stranded"})
            self.assertEqual(call(donor, "get", key), "")

    def test_nodes_further_down_the_chain_put_and_do_not_ping(self):
        seed, added = self.seed().start(), self.recorder()
        key = keys_owned_by(added.name, [seed.name, added.name], 1)[0]
        call(seed, "put", key, "value")
        call(seed, "add", added.location, [])
        call(seed, "ping")  # answered when that has been done
        self.assertEqual(added.wait_for("put"), [("put", key, "value")])

    def test_add_and_remove_go_to_the_first_by_name_that_is_no_authority(self):
        seed = self.seed().start()
        first, second = sorted((self.recorder(), self.recorder()), key=lambda peer: peer.name)
        news = location_of(NEWS)
        for peer in (second, first):
            seed.tell("ring-add", peer.name)
        call(seed, "add", news, [])
        self.assertEqual(first.wait_for("add"), [("add", NEWS, [seed.name])])
        call(seed, "add", news, [first.location])
        self.assertEqual(second.wait_for("add"), [("add", NEWS, [first.name, seed.name])])
        call(seed, "remove", news, [second.location])
        self.assertEqual(first.wait_for("remove")[1:], [("remove", NEWS, [second.name, seed.name])])
        wait_for_equal("its ring", sorted([seed.name, first.name, second.name]), seed.ring)
        call(seed, "add", news, [first.location, second.location, news])
        wait_for_equal("its ring", sorted([seed.name, first.name, second.name, NEWS]), seed.ring)
        self.assertEqual((len(first.calls), len(second.calls)), (2, 1))

    def test_a_destination_that_cannot_be_reached_is_dropped_quietly_and_the_next_is_told(self):
        seed = self.seed().start()
        gone, peer, news = Location("127.0.0.0", 1), self.recorder(), location_of(NEWS)
        for name in (client.name_of(gone), peer.name):
            seed.tell("ring-add", name)
        call(seed, "add", news, [])
        self.assertEqual(peer.wait_for("add"), [("add", NEWS, [seed.name])])
        wait_for_equal("its ring", sorted([seed.name, peer.name, NEWS]), seed.ring)
        self.assertEqual(peer.methods(), ["add"])

    def test_an_owner_that_cannot_be_reached_is_removed_and_others_are_told(self):
        seed, peer, gone = self.seed().start(), self.recorder(), f"127.0.0.1:{free_port()}"
        for name in (gone, peer.name):
            seed.tell("ring-add", name)
        key = keys_owned_by(gone, [seed.name, peer.name, gone], 1)[0]
        self.assertEqual(call(seed, "get", key), "")
        self.assertEqual(peer.wait_for("remove"), [("remove", gone, [seed.name])])
        self.assertEqual(seed.ring(), sorted([seed.name, peer.name]))

    def test_who_leaves_tells_each_owner_before_the_first_put_to_it(self):
        peers = [self.recorder() for _ in range(2)]
        seed = self.seed().start()
        for peer in peers:
            seed.tell("ring-add", peer.name)
        names = [peer.name for peer in peers]
        after = ClassicRing(names)
        # Whoever owns few of a seed's keys still owns some of these.
        keys = keys_owned_by(seed.name, [*names, seed.name], 100)
        for key in keys:
            call(seed, "put", key, "value")
        missing = keys_owned_by(seed.name, [*names, seed.name], 1, prefix="missing")[0]
        self.assertEqual(call(seed, "get", missing), "")  # inserted, and not handed over
        seed.leave()
        remove = ("remove", seed.name, [seed.name])
        for peer in peers:
            own = [key for key in keys if after.owner(key) == peer.name]
            self.assertTrue(own)
            given = [call for key in own for call in (("ping",), ("put", key, "value"))]
            wait_for_equal(f"the calls to {peer.name}", [remove, *given], lambda peer=peer: peer.calls)

    def test_who_leaves_without_values_tells_the_first_that_it_reaches(self):
        peer, seed = self.recorder(), self.seed().start()
        for name in ("127.0.0.0:1", peer.name):
            seed.tell("ring-add", name)
        seed.leave()
        self.assertEqual(peer.wait_for("remove"), [("remove", seed.name, [seed.name])])

    @staticmethod
    def begin_to_leave(seed, listener):
        """Leaves, with a key, to whom `listener` stands for, and has told that one so."""
        listener.settimeout(CALL_SECONDS * PATIENCE)
        name = address.classic_name(address.here(listener.getsockname()[1]))
        seed.tell("ring-add", name)
        key = keys_owned_by(seed.name, [name, seed.name], 1)[0]
        call(seed, "put", key, "value")
        wait_for_equal("what it holds", {key}, seed.keys)
        seed.send_signal(signal.SIGINT)
        listener.accept()[0].close()  # its remove

    def test_who_leaves_and_is_refused_a_ping_gives_up_what_it_has_not_given(self):
        seed = self.seed().start()
        with address.listening() as listener:
            self.begin_to_leave(seed, listener)
            listener.accept()[0].close()  # its ping, which it waits for in vain
            self.assertEqual(seed.wait(), 1)

    def test_who_leaves_serves_nobody_meanwhile(self):
        seed = self.seed().start()
        with address.listening() as listener:
            self.begin_to_leave(seed, listener)
            with listener.accept()[0], self.assertRaises(TTransportException):
                call(seed, "ping", seconds=SILENCE_SECONDS)
            seed.wait()

    def test_a_locator_that_leaves_tells_the_first_that_it_reaches(self):
        peer, seed = self.recorder(), self.seed("--locator-only").start()
        for name in ("127.0.0.0:1", peer.name):
            seed.tell("ring-add", name)
        seed.leave()
        self.assertEqual(peer.wait_for("remove"), [("remove", seed.name, [seed.name])])

    def test_the_last_one_leaves_without_anybody_to_tell(self):
        self.primed(1)[0].leave()


class SeedClientsTest(SeedTest):
    """The clients, unmodified, with a node of ours and as programs."""

    def test_they_work_with_a_node_of_ours(self):
        node = self.lonely_node()
        self.assertEqual(clients.test(node.name, seconds=CALL_SECONDS), dict.fromkeys(clients.ALPHABET, node.name))
        clients.prime(node.name, seconds=CALL_SECONDS)
        # A put is one-way: its connection's fate is none of the next one's.
        wait_for_equal("what is missing", {}, lambda: clients.test(node.name, seconds=CALL_SECONDS))
        for letter, word in clients.ALPHABET.items():
            self.assertEqual(clients.get(letter, node.name, seconds=CALL_SECONDS), word)
        clients.put("ü", "€", node.name, seconds=CALL_SECONDS)
        wait_for_equal("the value", "€", lambda: clients.get("ü", node.name, seconds=CALL_SECONDS))
        self.assertEqual(call(node, "service_type"), "diststore.Store")
        self.assertEqual(call(node, "service_types"), ["locator.Base", "locator.Locator", "diststore.Store"])

    def test_they_find_a_node_of_ours(self):
        node = self.lonely_node()
        clients.put("key", "value", first_port=node.port, seconds=CALL_SECONDS)
        wait_for_equal("the value", "value", lambda: clients.get("key", first_port=node.port, seconds=CALL_SECONDS))

    def test_they_are_programs(self):
        for peer in (self.seed().start(), self.lonely_node()):
            with self.subTest(peer=type(peer).__name__):
                self.assertEqual(self.run_client("get", "A", "--peer", peer.name), (0, "\n"))
                code, output = self.run_client("test", "--first-port", str(peer.port))
                self.assertEqual((code, output.count(f"; {peer.name} should have it\n")), (1, 26))
                self.assertEqual(self.run_client("prime", "--peer", peer.name), (0, ""))
                wait_for_equal("the test", (0, ""), lambda peer=peer: self.run_client("test", "--peer", peer.name))
                self.assertEqual(self.run_client("put", "A", "Anna", "--peer", peer.name), (0, ""))
                wait_for_equal("the value", (0, "Anna\n"),
                               lambda peer=peer: self.run_client("get", "A", "--peer", peer.name))

    def run_client(self, *words):
        ended = subprocess.run([sys.executable, "-B", "-m", "seed_peer.clients", *words], cwd=FOLDER,
                               capture_output=True, text=True, timeout=30 * PATIENCE, check=False)
        return ended.returncode, ended.stdout


if __name__ == "__main__":
    unittest.main()
