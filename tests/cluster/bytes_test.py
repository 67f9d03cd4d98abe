"""However the bytes of requests arrive, each request is answered, in order; bytes that are none harm nobody else."""
import contextlib
import itertools
import random
import resource
import socket
import struct
import unittest

from harness import client, settings
from harness.agreed_store import AgreedStoreTest
from harness.case import ClusterTest
from harness.classic_ring import keys_owned_by
from harness.raw import RawConnection, Request
from harness.waiting import wait_for_equal, wait_until

from diststore import Store
from diststore.ttypes import Item, ReadOptions, WriteOptions
from locator import Base, Locator
from node import Node

IDLE_CONNECTIONS = 2000

# One request of every shape: no arguments, text, bytes, structs, lists of structs, oneway; service named or not.
REQUESTS = [
    Request(Base, "ping"),
    Request(Base, "service_types", service="locator"),
    Request(Locator, "get_all", service="diststore"),
    Request(Locator, "get_node", key="a key"),
    Request(Node, "status", service="node"),
    Request(Store, "get", key="cut"),
    Request(Store, "read", service="diststore", key=b"cut", options=ReadOptions()),
    Request(Store, "write", service="Store", key=b"cut", value=b"bytes \x80\x01\x00\x82", options=WriteOptions()),
    Request(Store, "write_many", service="diststore", options=WriteOptions(),
            items=[Item(key=b"many-%d" % number, value=b"v") for number in range(3)]),
    Request(Store, "read_many", keys=[b"many-0", b"", b"many-2"], options=ReadOptions()),
    Request(Store, "erase", service="diststore", key=b"cut", options=WriteOptions()),
    Request(Store, "put", service="diststore", oneway=True, key="cut", value="again"),
]
PING = Request(Base, "ping")


def write(key, value, service="diststore"):
    return Request(Store, "write", service=service, key=key.encode(), value=value.encode(), options=WriteOptions())


def read(key, service="diststore"):
    return Request(Store, "read", service=service, key=key.encode(), options=ReadOptions())


class CutRequestTest(ClusterTest):
    # The sentries below need to know how many loops there are.
    IO_THREADS = 2

    def setUp(self):
        super().setUp()
        self.port = self.lonely_node("--set", f"host.io_threads={self.IO_THREADS}").port

    def test_every_request_cut_at_every_byte_is_answered_framed_and_unframed_binary_and_compact(self):
        for form, request in itertools.product(client.FORMS, REQUESTS):
            message = request.encode(form, sequence=7)
            with self.subTest(form=form, method=request.name):
                self.send_in_two_parts(form, request, message)

    def send_in_two_parts(self, form, request, message):
        """All the first parts, then (once the node has read them) all the second parts; one connection for each cut."""
        with contextlib.ExitStack() as stack:
            cuts = range(1, len(message))
            connections = [stack.enter_context(RawConnection(self.port, form)) for _ in cuts]
            for connection, cut in zip(connections, cuts):
                connection.send(message[:cut])
            self.let_the_node_read()
            for connection, cut in zip(connections, cuts):
                connection.send(message[cut:])
            for connection in connections:
                if not request.oneway:
                    self.assertEqual(connection.reply(request)[0], 7)
                connection.call(PING, sequence=8)

    def let_the_node_read(self):
        """Connections are dealt to the loops in turn, and a loop reads what came first: a call on each comes behind."""
        for _ in range(self.IO_THREADS):
            client.call(self.port, "ping")

    def test_requests_that_arrive_byte_by_byte_are_answered(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.port, form) as connection:
                for sequence, request in enumerate(REQUESTS):
                    for byte in request.encode(form, sequence):
                        connection.send(bytes([byte]))
                    if not request.oneway:
                        self.assertEqual(connection.reply(request)[0], sequence)

    def test_one_write_that_ends_in_the_middle_of_a_request_answers_those_before_it(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.port, form) as connection:
                first, second = (request.encode(form, sequence) for sequence, request in enumerate((PING, REQUESTS[5])))
                connection.send(first + second[:-1])
                self.assertEqual(connection.reply(PING)[0], 0)
                connection.send(second[-1:])
                self.assertEqual(connection.reply(REQUESTS[5])[0], 1)


class PipelineTest(ClusterTest):
    def setUp(self):
        super().setUp()
        patient = settings.patient("host.call_timeout=5s", "services.diststore.config.forward_timeout=1s")
        self.nodes = self.cluster(2, *patient)
        self.port = self.nodes[0].port

    def keys_of(self, owner, count):
        return keys_owned_by(owner, [node.name for node in self.nodes], count)

    def test_a_thousand_requests_in_one_write_are_answered_in_their_order(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.port, form) as connection:
                requests = [read(f"key-{number % 50}") for number in range(1000)]
                connection.send(b"".join(request.encode(form, number) for number, request in enumerate(requests)))
                self.assertEqual([connection.reply(request)[0] for request in requests], list(range(1000)))

    def test_requests_of_one_connection_take_effect_in_their_order_whoever_owns_the_key(self):
        names = [node.name for node in self.nodes]
        for form, owner in itertools.product(client.FORMS, names):
            key = self.keys_of(owner, 1)[0]
            with self.subTest(form=form, owner=owner), RawConnection(self.port, form) as connection:
                requests = [request for number in range(300) for request in (write(key, str(number)), read(key))]
                connection.send(b"".join(request.encode(form, number) for number, request in enumerate(requests)))
                values = [connection.reply(request)[1].success for request in requests][1::2]
                self.assertEqual([value.value for value in values], [b"%d" % number for number in range(300)])

    def test_a_oneway_put_takes_effect_before_the_get_behind_it(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.port, form) as connection:
                gets = [Request(Store, "get", key=f"oneway-{number % 10}") for number in range(300)]
                for number, get in enumerate(gets):
                    put = Request(Store, "put", oneway=True, key=get.arguments.key, value=str(number))
                    connection.send(put.encode(form) + get.encode(form, number))
                self.assertEqual([connection.reply(get)[1].success for get in gets], [str(n) for n in range(300)])

    def test_large_replies_leave_in_their_order_among_small_ones_and_in_one_piece(self):
        # Below and above the size from which a reply is sent from where it was made (128 KiB), at either node.
        names = [node.name for node in self.nodes]
        values = {key: letter.encode() * size for owner in names
                  for letter, size, key in zip("abcd", (10, 100_000, 200_000, 3_000_000), self.keys_of(owner, 4))}
        for key, value in values.items():
            client.write(self.port, key, value)
        order = list(values) + list(values)[::-1] * 2
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.port, form) as connection:
                requests = [read(key) for key in order]
                connection.send(b"".join(request.encode(form, number) for number, request in enumerate(requests)))
                for number, (key, request) in enumerate(zip(order, requests)):
                    sequence, result = connection.reply(request)
                    self.assertEqual((sequence, result.success.value == values[key]), (number, True), key)

    def test_a_slow_reader_gets_every_reply(self):
        value = "x" * 100_000
        key = keys_owned_by(self.nodes[0].name, [node.name for node in self.nodes], 1)[0]
        client.write(self.port, key, value)
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.port, form) as connection:
                request = read(key)
                connection.send(request.encode(form) * 500)  # 50 MB of replies, more than any socket buffers
                self.assertIsNone(client.read(self.port, "other clients are served meanwhile"))
                for _ in range(500):
                    self.assertEqual(len(connection.reply(request)[1].success.value), len(value))


class AgreedPipelineTest(AgreedStoreTest, PipelineTest):
    """The same where a write waits for its copies, and a read for no other thread."""

    def setUp(self):
        super().setUp()
        self.wait_until_balanced(self.nodes)  # calls that meet a change are made again, and may change places

    def keys_of(self, owner, count):
        keys = (f"key-{number}" for number in itertools.count())
        return list(itertools.islice((key for key in keys if client.owner(self.port, key) == owner), count))


class HarmlessTest(ClusterTest):
    """What one connection does costs that connection at most."""

    def setUp(self):
        super().setUp()
        self.served = self.lonely_node("--set", "host.message_timeout=1s", "--set", "host.frame_bytes_max=1MiB",
                                        "--set", "services.diststore.config.value_bytes_max=512KiB")
        self.port = self.served.port
        client.write(self.port, "witness", "well")

    def tearDown(self):
        # A client of another connection, and a new one, are as well as before.
        self.assertEqual(client.read(self.port, "witness"), b"well")
        self.assertTrue(self.served.is_running())

    def raw_socket(self, data):
        connection = RawConnection(self.port, client.CLASSIC)
        self.addCleanup(connection.close)
        connection.send(data)
        return connection

    def test_garbage_closes_its_connection(self):
        generator = random.Random(4711)
        pieces = [b"GET / HTTP/1.1\r\n\r\n", b"\r\n" * 4, b"\xff" * 64, b"\x00" * 64,
                  b"\x16\x03\x01\x02\x00\x01\x00\x01",
                  b"\x80\x01\x00\x63" + b"\x00" * 16, b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
        pieces += [generator.randbytes(200) for _ in range(100)]
        for piece in pieces:
            with self.subTest(piece=piece[:16]):
                # What begins like a message and never ends is dropped by message_timeout.
                self.assertTrue(self.raw_socket(piece).is_closed_by_node())

    def test_a_good_request_with_any_byte_spoiled_harms_nobody(self):
        for form in client.FORMS:
            good = write("spoiled", "value").encode(form)
            for at in range(len(good)):
                spoiled = bytearray(good)
                spoiled[at] ^= 0xFF
                self.raw_socket(bytes(spoiled)).close()
        self.assertEqual(client.read(self.port, "witness"), b"well")

    def test_a_length_of_two_gigabytes_closes_its_connection(self):
        for length in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2 * 1024 * 1024):
            with self.subTest(frame=length):
                frame = struct.pack("!I", length) + PING.encode(client.CLASSIC)
                self.assertTrue(self.raw_socket(frame).is_closed_by_node())

    def test_a_text_of_two_gigabytes_in_an_unframed_request_closes_its_connection(self):
        head = Request(Store, "get", key="").encode(client.CLASSIC)
        at = head.rindex(struct.pack("!i", 0))  # the key's length, in front of the closing stop byte
        for length in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
            with self.subTest(length=length):
                long = head[:at] + struct.pack("!I", length) + b"x" * 100
                self.assertTrue(self.raw_socket(long).is_closed_by_node())

    def test_a_list_of_a_billion_elements_is_refused(self):
        for form in client.FORMS:
            framed = form._replace(framed=True)
            message = Request(Store, "read_many", keys=[], options=ReadOptions()).encode(framed)[4:]
            for spoiled in _with_long_lists(message, form.encoding):
                with self.subTest(form=form), RawConnection(self.port, form) as connection:
                    connection.send(struct.pack("!i", len(spoiled)) + spoiled if form.framed else spoiled)
                    self.assertEqual(client.read(self.port, "witness"), b"well")

    def test_a_frame_that_never_ends_is_dropped_and_a_connection_that_ends_inside_one_is_forgotten(self):
        message = PING.encode(client.Form(True, "binary"))
        self.assertTrue(self.raw_socket(message[:-1]).is_closed_by_node())
        before = self.served.status().connections
        for cut in range(1, len(message)):
            self.raw_socket(message[:cut]).close()
        wait_until("the connections are gone", lambda: self.served.status().connections <= before)

    def test_a_slow_sender_delays_nobody_and_is_dropped_in_the_end(self):
        slow = self.raw_socket(b"\x80")
        for byte in write("slow", "x" * 100).encode(client.CLASSIC)[1:40]:
            slow.send(bytes([byte]))
            self.assertEqual(client.read(self.port, "witness"), b"well")
        self.assertTrue(slow.is_closed_by_node())

    def test_two_thousand_idle_connections_cost_other_clients_nothing(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.assertGreaterEqual(hard, IDLE_CONNECTIONS + 200, "this user may open too few files for this test: raise ulimit -Hn")
        resource.setrlimit(resource.RLIMIT_NOFILE, (IDLE_CONNECTIONS + 200, hard))
        idle = []
        self.addCleanup(lambda: [connection.close() for connection in idle])
        for _ in range(IDLE_CONNECTIONS):
            idle.append(socket.create_connection(("127.0.0.1", self.port), 10))
        wait_until("all are admitted", lambda: self.served.status().connections >= IDLE_CONNECTIONS)
        for number in range(100):
            client.write(self.port, f"beside-{number}", "served")
        idle[IDLE_CONNECTIONS // 2].sendall(PING.encode(client.CLASSIC))
        self.assertTrue(idle[IDLE_CONNECTIONS // 2].recv(100))

    def test_a_client_over_the_limit_of_connections_is_turned_away(self):
        limited = self.lonely_node("--set", "host.connections_max=5")
        held = []
        for _ in range(5):
            connection = RawConnection(limited.port, client.CLASSIC)
            self.addCleanup(connection.close)
            connection.call(PING)
            held.append(connection)
        form = client.Form(framed=True, encoding="binary")
        for surplus in (RawConnection(limited.port, form), RawConnection(limited.port, form)):
            self.addCleanup(surplus.close)
            with contextlib.suppress(ConnectionError):
                surplus.send(PING.encode(form))
            self.assertTrue(surplus.is_closed_by_node())
        mute = RawConnection(limited.port, client.CLASSIC)
        self.addCleanup(mute.close)
        self.assertTrue(mute.is_closed_by_node())
        held[0].call(PING)
        for connection in held:
            connection.close()
        wait_for_equal("a place is free", "ready", lambda: limited.status().state)

    def test_a_message_over_the_limit_closes_its_connection(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.port, form) as connection:
                with contextlib.suppress(ConnectionError):  # the node may close while the rest is sent
                    connection.send(write("large", "x" * 1024 * 1024).encode(form))
                self.assertTrue(connection.is_closed_by_node())
        self.assertIsNone(client.read(self.port, "large"))


def _with_long_lists(message, encoding):
    """`message`, whose empty list is said to have a billion elements."""
    if encoding == "binary":
        empty = b"\x0b\x00\x00\x00\x00"  # element type text, no element
        return [message.replace(empty, b"\x0b" + struct.pack("!I", count)) for count in (10**9, 0x7FFFFFFF, 0xFFFFFFFF)]
    return [message.replace(b"\x08", b"\xf8" + count, 1)
            for count in (b"\x80\x94\xeb\xdc\x03", b"\xff\xff\xff\xff\x07", b"\xff\xff\xff\xff\x0f")]


if __name__ == "__main__":
    unittest.main()
