"""Clients that read or send slowly cannot make the node grow beyond its bound, and do not keep others from being served."""
import contextlib
import resource
import socket
import struct
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.raw import RawConnection, Request
from harness.waiting import wait_until

from diststore import Store
from diststore.ttypes import ReadOptions

MIB = 1 << 20
BOUND_BYTES = 16 * MIB
VALUE_BYTES = 1 * MIB
# With the node's part of what the kernel leaves to it, several times the bound.
SLOW_CLIENTS = 60
# What the node takes besides what it counts: buffers' spare room, blocks of connections, the heap's own.
SLACK_BYTES = 24 * MIB

FORM = client.Form(framed=True, encoding="binary")
READ_BIG = Request(Store, "read", service="diststore", key=b"big", options=ReadOptions())
REASON = "[host] waiting_bytes_max"


class SlowClientsTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.node_ = self.lonely_node("--set", f"host.waiting_bytes_max={BOUND_BYTES}", "--set", "host.io_threads=2")
        client.write(self.node_.port, "big", "v" * VALUE_BYTES)
        self.read_big()
        self.before = resident_bytes(self.node_)

    def read_big(self):
        self.assertEqual(client.read(self.node_.port, "big"), b"v" * VALUE_BYTES)

    def slow_client(self):
        """A connection whose client has room for a few KiB."""
        slow = socket.socket()
        self.addCleanup(slow.close)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        slow.connect(("127.0.0.1", self.node_.port))
        return slow

    def assert_bounded(self):
        if settings.PATIENCE == 1:  # sanitizers keep what was freed
            self.assertLess(resident_bytes(self.node_) - self.before, BOUND_BYTES + SLACK_BYTES)

    def assert_others_are_served(self):
        for number in range(20):
            client.write(self.node_.port, f"key {number}", f"value {number}")
            self.assertEqual(client.read(self.node_.port, f"key {number}"), f"value {number}".encode())
            self.read_big()

    def test_replies_that_nobody_reads_stay_within_the_bound(self):
        readers = [self.slow_client() for _ in range(SLOW_CLIENTS)]
        for reader in readers:
            reader.sendall(READ_BIG.encode(FORM) * 4)
        wait_until("the node closes slow readers", lambda: REASON in self.node_.log())
        self.assert_others_are_served()
        self.assert_bounded()
        # Not all of them: what fits may wait.
        self.assertGreater(self.node_.status().connections, 4)

    def test_the_slowest_goes_and_who_reads_again_and_again_stays(self):
        with RawConnection(self.node_.port, FORM) as reading:
            for _ in range(SLOW_CLIENTS):
                self.slow_client().sendall(READ_BIG.encode(FORM))
                for number in range(2):
                    reading.send(READ_BIG.encode(FORM, number))
                for number in range(2):
                    self.assertEqual(reading.reply(READ_BIG)[1].success.value, b"v" * VALUE_BYTES)
        self.assertIn(REASON, self.node_.log())

    def test_parts_of_requests_stay_within_the_bound(self):
        part = struct.pack("!i", 8 * MIB) + b"\x80\x01\x00\x01" + b"x" * (2 * MIB)
        senders = [self.slow_client() for _ in range(SLOW_CLIENTS)]
        for sender in senders:
            with contextlib.suppress(OSError):  # the node may close it while it sends
                sender.sendall(part)
        wait_until("the node closes slow senders", lambda: REASON in self.node_.log())
        self.assert_others_are_served()
        self.assert_bounded()

    def test_the_length_of_a_message_alone_takes_no_memory(self):
        senders = [self.slow_client() for _ in range(500)]
        for sender in senders:
            sender.sendall(struct.pack("!i", 16 * MIB - 1) + b"\x80")
        # Each loop has read what came before this connection's requests.
        self.assert_others_are_served()
        if settings.PATIENCE == 1:
            self.assertLess(resident_bytes(self.node_) - self.before, len(senders) * 8192 + 8 * MIB)
        self.assertNotIn(REASON, self.node_.log())

    def test_a_slow_reader_that_goes_on_gets_its_whole_reply(self):
        slow = self.slow_client()
        slow.sendall(READ_BIG.encode(FORM))
        self.assert_others_are_served()
        slow.settimeout(30 * settings.PATIENCE)
        size = struct.unpack("!i", receive(slow, 4))[0]
        self.assertGreater(size, VALUE_BYTES)
        self.assertIn(b"v" * VALUE_BYTES, receive(slow, size))


def receive(connection, count):
    received = bytearray()
    while len(received) < count:
        part = connection.recv(min(65536, count - len(received)))
        assert part, "closed"
        received += part
    return bytes(received)


def resident_bytes(node):
    with open(f"/proc/{node.process.pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    unittest.main()
