"""What is a client told of a write that no node could do? `not_executed` exactly when the owner cannot have executed it, and
`unavailable` when it may have."""
import contextlib
import threading
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.classic_ring import keys_owned_by
from harness.raw import RawConnection, Request
from harness.waiting import wait_for_equal, wait_until
from p2p_client import Client, Unknown

from diststore import Store
from diststore.ttypes import Item, ReadOptions, StoreError, StoreErrorKind, WriteOptions

FORM = client.Form(True, "binary")

# What a node has for a call, so that one that is in vain ends soon.
TIMEOUT = f"host.call_timeout={int(1_000 * settings.PATIENCE)}ms"

VALUE = b"value"


def write(key, value=VALUE):
    return Request(Store, "write", service="diststore", key=key, value=value, options=WriteOptions())


def erase(key):
    return Request(Store, "erase", service="diststore", key=key, options=WriteOptions())


def read(key):
    return Request(Store, "read", service="diststore", key=key, options=ReadOptions())


def write_many(*keys):
    return Request(Store, "write_many", service="diststore", items=[Item(key=key, value=VALUE) for key in keys],
                   options=WriteOptions())


def kind_of(reply):
    """The kind of the StoreError that is in a reply; None: the call was done."""
    return None if reply.error is None else reply.error.kind


class OutcomesTest(ClusterTest):
    """Three nodes; calls go to `asked`, for keys of `owner`."""

    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3, "--set", TIMEOUT, "--set", "host.io_threads=1")
        self.asked, self.owner, self.third = self.nodes
        names = [node.name for node in self.nodes]
        self.keys = [key.encode() for key in keys_owned_by(self.owner.name, names, 20)]
        self.own_key = keys_owned_by(self.asked.name, names, 1)[0].encode()

    def kinds_of(self, requests, node=None):
        """What becomes of `requests`, all sent at once, each on a connection of its own."""
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(RawConnection((node or self.asked).port, FORM)) for _ in requests]
            for connection, request in zip(connections, requests):
                connection.send(request.encode(FORM))
            return [kind_of(connection.reply(request)[1]) for connection, request in zip(connections, requests)]

    def wait_for_the_owner(self):
        """Until it does what it was sent and what is sent now."""
        wait_for_equal("the owner answers", [None], lambda: self.kinds_of([write(b"its last")], self.owner))
        wait_for_equal("for others too", [None], lambda: self.kinds_of([read(self.keys[0])]))

    def values(self, keys):
        return [client.read(self.owner.port, key) for key in keys]

    def test_what_a_frozen_owner_was_sent_is_unavailable(self):
        self.assertEqual(self.kinds_of([read(self.keys[0])]), [None])
        self.owner.freeze()
        requests = [write(self.keys[1]), erase(self.keys[2]), read(self.keys[3]), write_many(self.keys[4])]
        self.assertEqual(self.kinds_of(requests), [StoreErrorKind.unavailable] * 4)

    def test_what_waits_for_a_connection_to_a_frozen_owner_is_not_executed_and_never_will_be(self):
        # Each loop of a node has a connection of its own to each other; most of this one's have had no use for it yet.
        fresh = self.join_one(self.nodes, "--set", TIMEOUT, "--set", "host.io_threads=8")
        self.wait_for_quiet([*self.nodes, fresh])
        keys = [key.encode() for key in keys_owned_by(self.owner.name, [node.name for node in (*self.nodes, fresh)], 32)]
        self.owner.freeze()
        kinds = self.kinds_of([*map(write, keys[:16]), *map(write_many, keys[16:])], fresh)
        self.owner.thaw()
        self.wait_for_the_owner()
        self.assertEqual(set(kinds) - {StoreErrorKind.not_executed, StoreErrorKind.unavailable}, set())
        for of_one_method in (kinds[:16], kinds[16:]):
            self.assertIn(StoreErrorKind.not_executed, of_one_method, kinds)
        unexecuted = [key for key, kind in zip(keys, kinds) if kind == StoreErrorKind.not_executed]
        self.assertEqual(self.values(unexecuted), [None] * len(unexecuted))

    def test_what_an_owner_without_a_store_was_sent_is_not_executed(self):
        disabled = self.owner.ctl("disable", "diststore", "--force")
        self.assertEqual(disabled.returncode, 0, disabled.stderr)
        requests = [write(self.keys[1]), erase(self.keys[2]), read(self.keys[3]), write_many(self.keys[4])]
        self.assertEqual(self.kinds_of(requests), [StoreErrorKind.not_executed] * 4)
        self.assertEqual(self.kinds_of([write_many(self.own_key, self.keys[5])]), [StoreErrorKind.unavailable],
                         "one of the two was written")
        self.assertEqual(client.read(self.asked.port, self.own_key), VALUE)
        enabled = self.owner.ctl("enable", "diststore")
        self.assertEqual(enabled.returncode, 0, enabled.stderr)
        wait_for_equal("the store has come back", [None], lambda: self.kinds_of([read(self.keys[0])]))
        self.assertEqual(self.values(self.keys[1:6]), [None] * 5)

    def test_a_write_of_a_killed_owner_s_key_is_done_or_never_will_be(self):
        self.owner.kill()
        kinds = self.kinds_of([write(key) for key in self.keys], self.third)
        self.wait_for_network([self.asked, self.third])
        for key, kind in zip(self.keys, kinds):
            if kind != StoreErrorKind.unavailable:  # that may have been on its way when the node was killed
                self.assertEqual(client.read(self.asked.port, key), VALUE if kind is None else None)

    def test_p2pctl_says_that_nothing_was_changed(self):
        self.owner.freeze()
        told = self.asked.ctl("--timeout", "1s", "put", self.keys[1].decode(), "v")
        self.assertEqual(told.returncode, 3, told.stderr)
        self.assertIn("; nothing was changed", told.stderr)
        self.owner.thaw()
        self.wait_for_the_owner()
        told = self.asked.ctl("put", self.keys[1].decode() * 20_000, "v")
        self.assertEqual(told.returncode, 5, told.stderr)
        self.assertIn("; nothing was changed", told.stderr)

    def test_the_python_client_tries_again_what_was_not_executed(self):
        disabled = self.owner.ctl("disable", "diststore", "--force")
        self.assertEqual(disabled.returncode, 0, disabled.stderr)
        told = []
        with Client(self.asked.name, deadline=120 * settings.PATIENCE) as python:
            writing = threading.Thread(target=lambda: told.append(python.write(self.keys[1], VALUE)))
            writing.start()
            wait_until("a node has said that it has not executed it",
                       lambda: any("write failed" in node.log() for node in (self.asked, self.third)), 60)
            enabled = self.owner.ctl("enable", "diststore")
            self.assertEqual(enabled.returncode, 0, enabled.stderr)
            writing.join()
        self.assertEqual(len(told), 1, "it has a result")
        self.assertEqual(self.values(self.keys[1:2]), [VALUE])

    def test_and_not_what_may_have_been(self):
        with Client(self.asked.name, deadline=2 * settings.PATIENCE) as python:
            python.read(self.keys[0])
            self.owner.freeze()
            with self.assertRaises(Unknown):
                python.write(self.keys[1], VALUE)


if __name__ == "__main__":
    unittest.main()
