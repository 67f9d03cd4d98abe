"""A node that dies, hangs or restarts costs its own keys at most, and no call waits longer than it may."""
import itertools
import unittest

from harness import client
from harness.case import ClusterTest
from harness.classic_ring import keys_owned_by
from harness.raw import RawConnection, Request
from harness.waiting import wait_for_equal
from thrift.Thrift import TApplicationException

from diststore import Store
from diststore.ttypes import ReadOptions, StoreError, WriteOptions

CALL_TIMEOUT = 1.0


class KillTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)
        self.dead = self.nodes[1]
        self.alive = [self.nodes[0], self.nodes[2]]
        names = [node.name for node in self.nodes]
        self.lost_keys = keys_owned_by(self.dead.name, names, 10)
        self.kept_keys = [key for node in self.alive for key in keys_owned_by(node.name, names, 10)]
        for key in self.lost_keys + self.kept_keys:
            client.write(self.nodes[0].port, key, f"value of {key}")

    def test_after_kill_9_of_one_every_call_is_answered(self):
        self.dead.kill()
        for node, key in itertools.product(self.alive, self.lost_keys + self.kept_keys):
            expected = f"value of {key}".encode() if key in self.kept_keys else None
            # One that had waited for the dead node until its timeout would end as a fault.
            self.assertEqual(client.read(node.port, key), expected)
        self.wait_for_network(self.alive)

    def test_a_node_that_comes_back_under_another_name_is_one_member(self):
        self.dead.kill()
        back = self.node(*self._discovery, "--set", f"host.advertise=localhost:{self.dead.port}", port=self.dead.port)
        back.name = f"localhost:{self.dead.port}"
        back.start()
        # Whoever is asked for a key of the one that is gone finds out who answers there.
        for node, key in itertools.product(self.alive, self.lost_keys):
            client.write(node.port, key, "new")
        self.wait_for_network([*self.alive, back])
        self.assertEqual([client.read(back.port, key) for key in self.lost_keys], [b"new"] * 10)

    def test_writes_of_a_dead_nodes_keys_succeed_acknowledged_or_classic(self):
        self.dead.kill()
        acknowledged, classic = self.lost_keys[:5], self.lost_keys[5:]
        for key in acknowledged:
            client.write(self.alive[0].port, key, "new")
        for key in classic:
            client.put(self.alive[1].port, key, "new")
        for node, key in itertools.product(self.alive, self.lost_keys):
            wait_for_equal(f"{key} by {node.name}", b"new", lambda node=node, key=key: client.read(node.port, key))

    def test_calls_in_flight_to_a_node_that_is_killed_are_all_answered(self):
        self.dead.freeze()
        form = client.Form(True, "binary")
        with RawConnection(self.alive[0].port, form) as connection:
            requests = [Request(Store, "read", service="diststore", key=key.encode(), options=ReadOptions())
                        for key in self.lost_keys * 10]
            connection.send(b"".join(request.encode(form, number) for number, request in enumerate(requests)))
            self.dead.kill()
            for number, request in enumerate(requests):
                sequence, result = connection.reply(request)
                self.assertEqual(sequence, number)
                self.assertFalse(result.success.found)

    def test_a_killed_node_restarted_on_its_address_takes_part_again(self):
        self.dead.kill()
        self.wait_for_network(self.alive)
        client.write(self.alive[0].port, self.lost_keys[0], "while it was away")
        self.dead.start()
        self.wait_for_network(self.nodes)
        self.assert_serving(self.nodes)
        wait_for_equal("what was written meanwhile", b"while it was away",
                       lambda: client.read(self.dead.port, self.lost_keys[0]))

    def test_a_node_restarted_before_its_death_was_seen_takes_part_again(self):
        self.dead.kill()
        self.dead.start()
        self.wait_for_network(self.nodes)
        self.assert_serving(self.nodes)

    def test_a_node_that_leaves_and_comes_back_takes_part_again(self):
        for node in self.nodes:
            node.leave()
            self.wait_for_network([other for other in self.nodes if other is not node])
            node.start()
            self.wait_for_network(self.nodes)
        self.assert_serving(self.nodes)
        for node, key in itertools.product(self.nodes, self.kept_keys + self.lost_keys):
            wait_for_equal(f"{key} by {node.name}", f"value of {key}".encode(),
                           lambda node=node, key=key: client.read(node.port, key))

    def assert_serving(self, nodes):
        """Every node's keys are written and read through every node."""
        names = [node.name for node in nodes]
        for owner, through in itertools.product(nodes, nodes):
            key = keys_owned_by(owner.name, names, 1, prefix=f"again-{through.port}")[0]
            client.write(through.port, key, key)
            for node in nodes:
                self.assertEqual(client.read(node.port, key), key.encode())


class HangingNodeTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3, "--set", f"host.call_timeout={CALL_TIMEOUT:g}s")
        names = [node.name for node in self.nodes]
        self.hanging = self.nodes[2]
        self.hanging_keys = keys_owned_by(self.hanging.name, names, 5)
        self.local_keys = keys_owned_by(self.nodes[0].name, names, 5)

    def test_no_call_outlives_its_deadline(self):
        self.hanging.freeze()
        for method, key in itertools.product(("get", "read", "write", "erase"), self.hanging_keys[:2]):
            with self.subTest(method=method, key=key):
                try:
                    self.call(method, key)  # the frozen node ends none: only the deadline does
                except (TApplicationException, StoreError):
                    pass  # an error is an answer

    def test_keys_of_other_nodes_are_served_while_one_hangs(self):
        self.hanging.freeze()
        form = client.Form(True, "compact")
        with RawConnection(self.nodes[0].port, form) as waiting:
            for key in self.hanging_keys * 20:
                waiting.send(Request(Store, "get", key=key).encode(form))
            for key in self.local_keys * 20:
                client.write(self.nodes[0].port, key, "served")

    def test_a_node_that_hung_and_goes_on_is_a_member_again(self):
        client.write(self.nodes[0].port, self.hanging_keys[0], "kept")
        self.hanging.freeze()
        with self.assertRaises((TApplicationException, StoreError)):
            client.read(self.nodes[0].port, self.hanging_keys[0])
        self.hanging.thaw()
        self.wait_for_network(self.nodes)
        wait_for_equal("its key", b"kept", lambda: client.read(self.nodes[0].port, self.hanging_keys[0]))

    def call(self, method, key):
        key = key.encode()
        arguments = {"get": (key.decode(),), "read": (key, ReadOptions()), "write": (key, b"", WriteOptions()),
                     "erase": (key, WriteOptions())}[method]
        return client.call(self.nodes[0].port, method, *arguments, service="diststore")


class PoolTest(ClusterTest):
    """Forwarded calls hold no thread."""

    def test_two_hundred_gets_of_each_others_keys_are_answered_and_local_calls_do_not_wait(self):
        nodes = self.cluster(2, "--set", "host.worker_threads=2", "--set", "host.io_threads=2")
        names = [node.name for node in nodes]
        keys = {node: keys_owned_by(node.name, names, 100) for node in nodes}
        for key in keys[nodes[0]] + keys[nodes[1]]:
            client.write(nodes[0].port, key, key)
        asked = []
        for node, other in (nodes, nodes[::-1]):
            for key in keys[other]:
                connection = RawConnection(node.port, client.CLASSIC)
                self.addCleanup(connection.close)
                asked.append((connection, Request(Store, "get", key=key), key))
        for connection, request, _ in asked:
            connection.send(request.encode(client.CLASSIC))
        for connection, request, key in asked:
            self.assertEqual(connection.reply(request)[1].success, key)

    def test_local_calls_do_not_wait_for_forwarded_ones_that_hang(self):
        nodes = self.cluster(2, "--set", "host.worker_threads=2", "--set", "host.io_threads=2")
        names = [node.name for node in nodes]
        local, remote = (keys_owned_by(node.name, names, 100) for node in nodes)
        client.write(nodes[0].port, remote[0], "remote")
        nodes[1].freeze()
        waiting = []
        for key in remote:
            connection = RawConnection(nodes[0].port, client.CLASSIC)
            self.addCleanup(connection.close)
            connection.send(Request(Store, "get", key=key).encode(client.CLASSIC))
            waiting.append((connection, Request(Store, "get", key=key)))
        for key in local:
            client.write(nodes[0].port, key, key)
        nodes[1].thaw()
        self.assertEqual(waiting[0][0].reply(waiting[0][1])[1].success, "remote")
        for connection, request in waiting[1:]:
            self.assertEqual(connection.reply(request)[1].success, "")


if __name__ == "__main__":
    unittest.main()
