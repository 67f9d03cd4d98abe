"""What the peers of the 2009 system can be made to get wrong, or to wait with, they get wrong or wait with, and nothing else."""
import select
import unittest

from harness import client
from harness.classic_ring import keys_owned_by
from harness.raw import RawConnection, Request
from harness.settings import PATIENCE
from harness.waiting import wait_for_equal, wait_until
from seed_peer_test import CALL_SECONDS, SILENCE_SECONDS, SeedTest, call, is_refused
from thrift.transport.TTransport import TTransportException

from locator import Base
from seed_peer import clients


class SeedFaultsTest(SeedTest):
    def test_refuse_after_join_strands_the_keys(self):
        donor = self.primed(1)[0]
        joiner = self.seed("--refuse-after-join").start(donor)
        wait_for_equal("the ring", sorted([donor.name, joiner.name]), donor.ring)
        wait_until("it was pinged in vain", lambda: "does not listen yet" in donor.log())
        self.assertEqual((donor.values(), joiner.values()), (clients.ALPHABET, {}))
        self.assertTrue(is_refused(joiner.name))
        joiner.tell("listen")
        self.wait_for_network([donor, joiner])  # the donor's ping has come through

    def test_a_listening_socket_is_closed_and_opened_at_any_time(self):
        seed = self.seed().start()
        for _ in range(3):
            seed.tell("refuse")
            self.assertTrue(is_refused(seed.name))
            seed.tell("listen")
            wait_until("it listens again", lambda: not is_refused(seed.name))

    def test_a_mute_node_takes_connections_and_answers_once_it_may(self):
        seed = self.seed("--mute").start()
        ping = Request(Base, "ping")
        with RawConnection(seed.port, client.CLASSIC) as waiting:
            waiting.send(ping.encode(client.CLASSIC))
            self.assertEqual(select.select([waiting.socket], [], [], SILENCE_SECONDS * PATIENCE)[0], [])
            self.assertEqual(seed.ring(), [seed.name])
            seed.tell("unmute")
            waiting.reply(ping)

    def test_mute_on_one_method_answers_the_others(self):
        seed = self.seed("--mute-on", "get").start()
        call(seed, "put", "key", "value")
        call(seed, "ping")
        with self.assertRaises(TTransportException):
            call(seed, "get", "key", seconds=SILENCE_SECONDS)
        seed.tell("unmute")
        self.assertEqual(call(seed, "get", "key"), "value")
        self.assertEqual(seed.tell("faults"), {"refuse": False, "mute": False, "mute_on": [], "break_off": [],
                                               "drop_puts": False, "hold_hand_over": False})

    def test_a_mute_node_ends_by_a_signal_as_well(self):
        seed = self.seed("--mute").start()
        with self.assertRaises(TTransportException):
            call(seed, "ping", seconds=SILENCE_SECONDS)
        seed.leave()

    def test_calls_of_a_method_are_broken_off_and_others_served(self):
        seed = self.seed("--break-off", "get_node").start()
        for _ in range(2):
            with self.assertRaises((TTransportException, OSError)):
                call(seed, "get_node", "key", seconds=CALL_SECONDS)
            call(seed, "put", "key", "value")
            self.assertEqual(call(seed, "get", "key"), "value")
        seed.tell("mend")
        self.assertEqual(client.owner(seed.port, "key", service=None), seed.name)

    def test_one_that_is_held_gives_a_joiner_nothing_before_it_may_go_on(self):
        donor = self.primed(1)[0]
        donor.tell("hold-hand-over")
        self.assertFalse(donor.tell("is-held"))
        joiner = self.seed().start(donor)
        wait_until("it would give", lambda: donor.tell("is-held"))
        self.assertEqual((donor.values(), joiner.values()), (clients.ALPHABET, {}))
        donor.tell("go-on")
        wait_for_equal("every value", clients.ALPHABET, lambda: {**donor.values(), **joiner.values()})
        self.assertFalse(donor.tell("is-held"))
        self.assertTrue(joiner.values())

    def test_dropped_puts_are_taken_and_not_kept(self):
        seed = self.seed("--drop-puts").start()
        call(seed, "put", "key", "value")
        self.assertEqual(call(seed, "get", "key"), "")
        seed.tell("keep-puts")
        call(seed, "put", "key", "value")
        self.assertEqual(call(seed, "get", "key"), "value")

    def test_another_ring_forwards_what_it_is_given(self):
        owner = self.recorder()
        seed = self.seed("--other-ring", owner.name).start()
        key = keys_owned_by(owner.name, [owner.name, seed.name], 1)[0]
        call(seed, "put", key, "value")
        self.assertEqual(call(seed, "get", key), "value")
        self.assertEqual(owner.calls, [("put", key, "value"), ("get", key)])
        self.assertEqual(seed.items(), {})


if __name__ == "__main__":
    unittest.main()
