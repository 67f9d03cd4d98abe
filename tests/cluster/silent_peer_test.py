"""A peer that is slow, silent or gone costs those who call it what they agreed to wait, and nobody else anything."""
import select
import socket
import struct
import unittest

from harness import settings
from harness.relay import (FORM, FalsePeer, RelayTest, answer_nonsense, ask_all, close_at_once, echo_at, nap_at, nap_there,
                           send_all, stay_silent, texts)
from harness.ports import free_port
from harness.raw import Request
from harness.waiting import wait_for_equal, wait_until

from moody import Moody
from peer import Peer
from peer.ttypes import HelloRequest
from relay import Relay

# What a call may take that is answered at once; far more than any does, so that reaching it means that something is stuck.
LONG_MS = 60_000 * settings.PATIENCE
SHORT_MS = 300
MANY = 200


def is_answered(connection):
    """Whether a reply, or a part of one, has come."""
    return bool(select.select([connection.socket], [], [], 0)[0])


class SilentPeerTest(RelayTest):
    def setUp(self):
        super().setUp()
        self.asked = self.relay_node(f"host.call_timeout={2 * LONG_MS / 1000:g}s", "host.io_threads=2")
        self.healthy = self.relay_node(f"host.call_timeout={LONG_MS / 1000:g}s")

    def assert_healthy(self):
        """Calls to the node itself and to its healthy peer are answered, on connections to each of its loops."""
        for connection in (self.connection(self.asked), self.connection(self.asked)):
            requests = [echo_at(self.healthy.port, f"healthy {number}", LONG_MS) for number in range(MANY)]
            self.assertEqual(ask_all(connection, requests), [f"healthy {number}" for number in range(MANY)])

    def test_callers_of_a_frozen_node_wait_for_their_deadline_and_nobody_waits_with_them(self):
        frozen = self.relay_node()
        waiting = self.connection(self.asked)
        self.assertEqual(ask_all(waiting, [echo_at(frozen.port, "awake", LONG_MS)]), ["awake"])
        frozen.freeze()
        patient = [echo_at(frozen.port, f"patient {number}", LONG_MS) for number in range(MANY)]
        send_all(waiting, patient)
        self.assert_healthy()
        self.assertFalse(is_answered(waiting))
        hasty = [echo_at(frozen.port, f"hasty {number}", SHORT_MS) for number in range(MANY)]
        # The connection of this one's loop to it may be new, and not have been greeted.
        self.assertLessEqual(set(ask_all(self.connection(self.asked), hasty)), {"!timed out", "!unreachable"})
        self.assertFalse(is_answered(waiting))
        frozen.thaw()
        self.assertEqual(texts(waiting, patient), [f"patient {number}" for number in range(MANY)])

    def test_callers_of_a_socket_that_nobody_reads_wait_for_their_deadline_and_nobody_waits_with_them(self):
        with FalsePeer(stay_silent) as silent:
            hasty = [echo_at(silent.port, "x" * 10_000, SHORT_MS) for _ in range(MANY)]
            patient = self.connection(self.asked)
            send_all(patient, [echo_at(silent.port, "x", LONG_MS)])
            self.assertEqual(ask_all(self.connection(self.asked), hasty), ["!unreachable"] * MANY)
            self.assert_healthy()
            self.assertFalse(is_answered(patient))
            self.assertLessEqual(silent.accepted, 2)  # one connection for each loop, whatever they wait for

    def test_a_call_of_ten_seconds_delays_no_other_to_the_same_node(self):
        nap_ms = 10_000 * settings.PATIENCE
        for nap in (nap_at(self.healthy.port, "slept", nap_ms, LONG_MS), nap_there(self.healthy.port, "slept", nap_ms)):
            slow = self.connection(self.asked)
            send_all(slow, [nap])
            self.assert_healthy()
            self.assertFalse(is_answered(slow))
            self.assertEqual(texts(slow, [nap]), ["slept"])

    def test_a_handler_that_blocks_delays_no_other_call_of_the_peer_that_called_it(self):
        # Spoken to as nodes speak to each other: a hello, and then replies that overtake.
        self.config.write_text(self.config.read_text() + "[services.moody]\n")
        blocked = self.relay_node("host.call_timeout=" + f"{LONG_MS / 1000:g}s")
        peer = self.connection(blocked)
        hello = Request(Peer, "hello", service="Peer", request=HelloRequest(
            version_min=1, version_max=1, features=["overtake"], cluster="p2phost", placement=""))
        self.assertEqual(peer.call(hello).success.features, ["overtake"])
        sleep = Request(Moody, "sleep", service="moody", milliseconds=int(10_000 * settings.PATIENCE))
        echo = Request(Relay, "echo", service="relay", text="awake")
        peer.send(sleep.encode(FORM, 1) + echo.encode(FORM, 2))
        self.assertEqual(peer.reply(echo)[0], 2)
        self.assertEqual(peer.reply(sleep)[0], 1)


class PeerErrorsTest(RelayTest):
    """Each way to fail has its name."""

    def test_nobody_listens_is_refused_until_somebody_does(self):
        asked = self.relay_node()
        port = free_port()
        self.assertEqual(ask_all(self.connection(asked), [echo_at(port, "x", LONG_MS)] * 3), ["!refused"] * 3)
        self.node("--set", "services.locator.config.discover=none", *self.arguments, config=self.config, port=port).start()
        connection = self.connection(asked)
        wait_for_equal("the node that has come", ["there"], lambda: ask_all(connection, [echo_at(port, "there", LONG_MS)]))

    def test_a_peer_that_closes_is_no_node_and_is_not_tried_for_every_call(self):
        asked = self.relay_node("host.io_threads=1")
        connection = self.connection(asked)
        with FalsePeer(close_at_once) as closing:
            requests = [echo_at(closing.port, "x", LONG_MS)] * MANY
            answers = [answer for _ in range(10) for answer in ask_all(connection, requests)]
            self.assertEqual(answers[0], "!another node")
            self.assertLessEqual(set(answers), {"!another node", "!unreachable"})
            self.assertLess(closing.accepted, 10 * MANY / 4)

    def test_a_peer_that_talks_nonsense_is_no_node(self):
        asked = self.relay_node()
        with FalsePeer(answer_nonsense) as talking:
            self.assertEqual(ask_all(self.connection(asked), [echo_at(talking.port, "x", LONG_MS)]), ["!another node"])

    def test_a_node_of_another_cluster_is_another_node(self):
        asked, other = self.relay_node(), self.relay_node("host.cluster=other")
        self.assertEqual(ask_all(self.connection(asked), [echo_at(other.port, "x", LONG_MS)]), ["!another node"])

    def test_more_than_peer_calls_max_unanswered_calls_are_overloaded(self):
        asked = self.relay_node("host.io_threads=1", "host.peer_calls_max=10", f"host.call_timeout={LONG_MS / 1000:g}s")
        with FalsePeer(stay_silent) as silent:
            requests = [echo_at(silent.port, "x", SHORT_MS) for _ in range(15)]
            self.assertEqual(ask_all(self.connection(asked), requests), ["!unreachable"] * 10 + ["!overloaded"] * 5)
            # What has had its time has given its place back.
            self.assertEqual(ask_all(self.connection(asked), requests[:10]), ["!unreachable"] * 10)

    def test_more_than_peer_queue_bytes_max_are_overloaded_unless_one_message_is_alone(self):
        asked = self.relay_node("host.io_threads=1", "host.peer_queue_bytes_max=64KiB", f"host.call_timeout={LONG_MS / 1000:g}s")
        with FalsePeer(stay_silent) as silent:
            requests = [echo_at(silent.port, "x" * 100_000, SHORT_MS)] + [echo_at(silent.port, "x", SHORT_MS)] * 2
            self.assertEqual(ask_all(self.connection(asked), requests), ["!unreachable", "!overloaded", "!overloaded"])

    def test_many_calls_through_a_narrow_limit_are_all_answered(self):
        asked, other = self.relay_node("host.io_threads=1", "host.peer_calls_max=1"), self.relay_node()
        connection = self.connection(asked)
        for number in range(MANY):
            self.assertEqual(ask_all(connection, [echo_at(other.port, str(number), LONG_MS)]), [str(number)])


class GoneCallerTest(RelayTest):
    """A call whose caller has left costs nothing more."""

    TEXT_BYTES = 60_000  # that many of them fill the sockets between two nodes

    def test_calls_that_wait_to_be_sent_are_dropped_when_their_caller_is_gone(self):
        asked = self.relay_node(f"host.call_timeout={LONG_MS / 1000:g}s", "host.io_threads=1", "host.reply_bytes_max=1GiB")
        other = self.relay_node(f"host.call_timeout={LONG_MS / 1000:g}s")
        self.assertEqual(ask_all(self.connection(asked), [echo_at(other.port, "awake", LONG_MS)]), ["awake"])
        other.freeze()
        requests = [nap_there(other.port, "x" * self.TEXT_BYTES, 1) for _ in range(MANY)]
        leaving = self.connection(asked)
        send_all(leaving, requests[:MANY // 2])
        wait_for_equal("the first calls are under way", MANY // 2, lambda: asked.service("relay").in_flight)
        send_all(leaving, requests[MANY // 2:])
        wait_for_equal("all calls are under way", MANY, lambda: asked.service("relay").in_flight)
        connections = asked.status().connections
        leaving.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        leaving.close()
        wait_until("the node has seen that its client is gone", lambda: asked.status().connections < connections)
        other.thaw()
        wait_for_equal("calls under way", 0, lambda: asked.service("relay").in_flight)
        wait_for_equal("calls under way there", 0, lambda: other.service("relay").in_flight)
        self.assertLess(other.gauge("naps", "relay"), MANY)
        # The connection between the two is as good as before.
        self.assertEqual(ask_all(self.connection(asked), [echo_at(other.port, "awake", LONG_MS)]), ["awake"])

    def test_a_oneway_call_is_passed_on_although_its_caller_is_gone(self):
        from harness import client
        from harness.classic_ring import keys_owned_by
        nodes = self.cluster(2)
        keys = keys_owned_by(nodes[1].name, [node.name for node in nodes], MANY)
        for key in keys:
            client.put(nodes[0].port, key, f"value of {key}")  # connects, sends, leaves
        for key in keys:
            wait_for_equal(key, f"value of {key}".encode(), lambda key=key: client.read(nodes[1].port, key))


if __name__ == "__main__":
    unittest.main()
