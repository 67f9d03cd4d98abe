"""What is the outcome of a call, as far as its connection can know? Through real sockets whose other end is scripted by
the test."""
import select
import socket
import struct
import threading
import time
import unittest
import unittest.mock

from listener import Listener, free_name, full_listener, not_found, read_call
from p2p_client.channel import CALLS_IN_FLIGHT_MAX, Channel, Exchange, exchange_all
from p2p_client.discovery import members_request
from p2p_client.framing import Unframed
from p2p_client.gen.diststore.ttypes import ReadOptions, WriteOptions
from p2p_client.outcome import Answered, Foreign, Lost, NotExecuted, Oversized, outcome_of_probe
from p2p_client.store import StoreRequest
from p2p_client.view import address_of

# More than the buffers of both sockets hold: such a call cannot be sent completely unless it is read.
LARGE = b"x" * (32 << 20)

# The broadcast address: connect() of a stream socket fails at once.
NOWHERE = "255.255.255.255:9"


def read():
    return StoreRequest("diststore", "read", b"k", ReadOptions())


def write(value):
    return StoreRequest("diststore", "write", b"k", value, WriteOptions())


def soon():
    return time.monotonic() + 0.2


def late():
    return time.monotonic() + 60


class ChannelTest(unittest.TestCase):
    def setUp(self):
        self.outcomes = {}

    def exchange(self, channel, *requests):
        return Exchange(channel, list(enumerate(requests)), self.outcomes)

    def answer(self, listener, calls):
        def serve():
            accepted = listener.accept()
            for _ in range(calls):
                accepted.sendall(not_found(read_call(accepted)))

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)

    def test_each_pipelined_call_is_answered(self):
        calls = 3 * CALLS_IN_FLIGHT_MAX
        with Listener() as listener:
            channel = Channel(listener.name)
            self.addCleanup(channel.close)
            self.answer(listener, calls)
            exchange_all([self.exchange(channel, *[read()] * calls)], late())
        self.assertEqual([type(outcome) for outcome in self.outcomes.values()], [Answered] * calls)
        self.assertFalse(self.outcomes[0].value.found)

    def test_a_channel_can_be_used_again(self):
        with Listener() as listener:
            channel = Channel(listener.name)
            self.addCleanup(channel.close)
            self.answer(listener, 3)
            for _ in range(3):
                self.assertTrue(channel.socket is None or channel.is_usable())
                exchange_all([self.exchange(channel, read())], late())
                self.assertIsInstance(self.outcomes.pop(0), Answered)

    def test_a_call_is_not_executed_when_nobody_listens(self):
        exchange_all([self.exchange(Channel(free_name()), read())], late())
        self.assertIsInstance(self.outcomes[0], NotExecuted)

    def test_a_call_that_was_sent_completely_is_lost_at_the_deadline(self):
        with Listener() as listener:
            exchange_all([self.exchange(Channel(listener.name), read())], soon())
        self.assertIsInstance(self.outcomes[0], Lost)

    def test_a_call_that_was_sent_in_part_and_those_after_it_were_not_executed(self):
        with Listener() as listener:
            channel = Channel(listener.name, request_bytes_max=2 * len(LARGE))
            exchange_all([self.exchange(channel, read(), write(LARGE), read())], soon())
        self.assertEqual([type(self.outcomes[token]) for token in range(3)], [Lost, NotExecuted, NotExecuted])

    def test_calls_on_a_broken_connection_are_lost(self):
        with Listener() as listener:
            def drop():
                accepted = listener.accept()
                read_call(accepted)
                accepted.close()

            thread = threading.Thread(target=drop)
            thread.start()
            exchange_all([self.exchange(Channel(listener.name), read())], late())
            thread.join()
        self.assertIsInstance(self.outcomes[0], Lost)

    def test_replies_before_a_malformed_one_count_and_the_other_calls_are_lost(self):
        for wrong in (b"\0\0\0\3abc", b"\xff" * 4):
            self.outcomes.clear()
            with self.subTest(wrong), Listener() as listener:
                def serve():
                    accepted = listener.accept()
                    first, _, _ = (read_call(accepted) for _ in range(3))
                    accepted.sendall(not_found(first) + wrong)

                thread = threading.Thread(target=serve)
                thread.start()
                channel = Channel(listener.name)
                exchange_all([self.exchange(channel, read(), write(b"v"), read())], late())
                thread.join()
                self.assertEqual([type(self.outcomes[token]) for token in range(3)], [Answered, Lost, Lost])
                self.assertFalse(channel.is_connected)

    def test_a_channel_with_unexpected_data_is_not_used_again(self):
        with Listener() as listener:
            def serve():
                accepted = listener.accept()
                call = read_call(accepted)
                accepted.sendall(not_found(call) + not_found(call)[:2])

            thread = threading.Thread(target=serve)
            thread.start()
            channel = Channel(listener.name)
            self.addCleanup(channel.close)
            exchange_all([self.exchange(channel, read())], late())
            thread.join()
            self.assertIsInstance(self.outcomes[0], Answered)
            self.assertFalse(channel.is_connected and channel.is_usable())

    def test_calls_not_yet_sent_when_the_node_closes_were_not_executed(self):
        calls = 3 * CALLS_IN_FLIGHT_MAX
        with Listener() as listener:
            def leave():
                accepted = listener.accept()
                for _ in range(CALLS_IN_FLIGHT_MAX):  # all that are sent before the first reply
                    accepted.sendall(not_found(read_call(accepted)))
                accepted.shutdown(socket.SHUT_RDWR)

            thread = threading.Thread(target=leave)
            channel = Channel(listener.name)
            exchange = self.exchange(channel, *[read()] * calls)
            channel.end_connect()
            exchange.begin()
            thread.start()
            thread.join()  # the socket now holds the replies and the end of the stream
            while not exchange.is_over:
                watch = select.poll()
                watch.register(channel.socket, exchange.wants())
                ((_, events),) = watch.poll()
                exchange.ready(events)
        self.assertEqual([type(outcome) for _, outcome in sorted(self.outcomes.items())],
                         [Answered] * CALLS_IN_FLIGHT_MAX + [NotExecuted] * (calls - CALLS_IN_FLIGHT_MAX))

    def test_a_silent_node_does_not_delay_another(self):
        with Listener() as silent, Listener() as listener:
            channel = Channel(listener.name)
            self.addCleanup(channel.close)
            self.answer(listener, 1)
            stuck = Exchange(Channel(silent.name), [(0, read())], self.outcomes)
            exchange_all([stuck, Exchange(channel, [(1, read())], self.outcomes)], time.monotonic() + 1)
        self.assertEqual((type(self.outcomes[0]), type(self.outcomes[1])), (Lost, Answered))

    def test_arguments_of_wrong_types_are_rejected_and_not_sent(self):
        with Listener() as listener:
            channel = Channel(listener.name)
            self.addCleanup(channel.close)
            self.answer(listener, 1)
            exchange_all([self.exchange(channel, write(7), read())], late())
        self.assertEqual(self.outcomes[0].fault.is_transient, False)
        self.assertIsInstance(self.outcomes[1], Answered)

    def test_a_request_that_is_too_large_does_not_affect_the_others(self):
        with Listener() as listener:
            channel = Channel(listener.name)
            self.addCleanup(channel.close)
            self.answer(listener, 2)
            exchange_all([self.exchange(channel, read(), write(LARGE), read())], late())
            self.assertTrue(channel.is_usable())
        self.assertEqual([type(self.outcomes[token]) for token in range(3)], [Answered, Oversized, Answered])

    def test_the_addresses_of_a_name_are_tried_until_one_answers(self):
        with Listener() as listener:
            channel = Channel(listener.name.replace("127.0.0.1", "localhost"))  # ::1 too, where nobody listens
            self.addCleanup(channel.close)
            self.answer(listener, 1)
            exchange_all([self.exchange(channel, read())], late())
        self.assertIsInstance(self.outcomes[0], Answered)

    def test_connecting_fails_when_the_system_refuses_the_address_at_once(self):
        channel = Channel(NOWHERE)
        self.assertRaises(OSError, channel.begin_connect)
        self.assertIsNone(channel.socket)
        exchange_all([self.exchange(Channel(NOWHERE), read())], late())
        self.assertIsInstance(self.outcomes[0], NotExecuted)
        self.assertIn("cannot connect", self.outcomes[0].why)

    def test_other_addresses_are_tried_when_one_is_refused_at_once(self):
        with Listener() as listener:
            addresses = [socket.getaddrinfo(*name.split(":"), type=socket.SOCK_STREAM)[0]
                         for name in (NOWHERE, free_name(), NOWHERE, listener.name)]
            addresses.insert(0, (-1, *addresses[0][1:]))  # a family that no machine has
            self.answer(listener, 1)
            channel = Channel("node:1")
            self.addCleanup(channel.close)
            with unittest.mock.patch("socket.getaddrinfo", return_value=addresses):  # no name has all of these
                exchange_all([self.exchange(channel, read())], late())
        self.assertIsInstance(self.outcomes[0], Answered)

    def test_other_addresses_are_tried_within_the_deadline_when_one_is_silent(self):
        with Listener() as listener, full_listener() as silent:
            places = [silent.getsockname(), silent.getsockname(), address_of(listener.name)]
            addresses = [socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0] for place in places]
            self.answer(listener, 1)
            channel = Channel("node:1")
            self.addCleanup(channel.close)
            with unittest.mock.patch("socket.getaddrinfo", return_value=addresses):
                exchange_all([self.exchange(channel, read())], late())
        self.assertIsInstance(self.outcomes[0], Answered)

    def test_connecting_fails_when_every_address_is_silent(self):
        with full_listener() as silent:
            address = socket.getaddrinfo(*silent.getsockname(), type=socket.SOCK_STREAM)[0]
            with unittest.mock.patch("socket.getaddrinfo", return_value=[address] * 3):
                exchange_all([self.exchange(Channel("node:1"), read())], late())
        self.assertEqual((type(self.outcomes[0]), self.outcomes[0].why),
                         (NotExecuted, "the node does not answer the connection attempt"))

    def ask(self, answer):
        """Asks two nodes for the members: answer(request) returns the reply of one, the other is silent. Returns the request
        and the outcome of the first."""
        seen = []

        def serve():
            accepted = listener.accept()
            data = accepted.recv(1 << 16)
            for piece in answer(data):
                accepted.sendall(piece)
            seen.append(data)
            seen.append(accepted.recv(1))  # the connection ends after the reply, although the other node is still silent

        with Listener() as listener, Listener() as silent:
            thread = threading.Thread(target=serve)
            thread.start()
            asked = [Channel(listener.name, framing=Unframed()), Channel(silent.name, framing=Unframed())]
            waiting = threading.Thread(target=exchange_all, args=(
                [Exchange(channel, [(token, members_request("locator"))], self.outcomes) for token, channel in enumerate(asked)],
                late()))
            waiting.start()
            thread.join()
            silent.accept().close()
            waiting.join()
        self.assertEqual(seen[1], b"")
        return seen[0], outcome_of_probe(self.outcomes[0])

    def test_a_request_for_the_members_is_unframed_and_its_connection_ends_with_the_reply(self):
        members = b"\x0f\x00\x00\x0c\x00\x00\x00\x00\x00"  # an empty list of structs in field 0

        def answer(data):
            (name_bytes,) = struct.unpack_from(">I", data, 4)
            reply = b"\x80\x01\x00\x02" + data[4:12 + name_bytes] + members
            return reply[:20], reply[20:]

        request, outcome = self.ask(answer)
        self.assertEqual(request[:4], b"\x80\x01\x00\x01")
        self.assertEqual(outcome, Answered([]))

    def test_a_node_that_does_not_know_the_method_is_foreign(self):
        def answer(data):
            (name_bytes,) = struct.unpack_from(">I", data, 4)
            name = data[8:8 + name_bytes]
            text = b"Unknown function " + name
            return [b"\x80\x01\x00\x03" + data[4:12 + name_bytes] + b"\x0b\x00\x01" + struct.pack(">I", len(text)) + text +
                    b"\x08\x00\x02\x00\x00\x00\x01\x00"]

        self.assertEqual(self.ask(answer)[1], Foreign("Unknown function locator:get_all"))
        self.assertIsInstance(self.ask(lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"])[1], Lost)

    def test_a_closed_channel_is_not_usable(self):
        with Listener() as listener:
            channel = Channel(listener.name)
            self.addCleanup(channel.close)
            self.answer(listener, 1)
            exchange_all([self.exchange(channel, read())], late())
        end = time.monotonic() + 10
        while channel.is_usable() and time.monotonic() < end:
            pass  # until the end has arrived
        self.assertFalse(channel.is_usable())


if __name__ == "__main__":
    unittest.main()
