"""Values are stored and found through any node, by every kind of client."""
import unittest

from harness import client
from harness.case import ClusterTest
from harness.classic_ring import keys_owned_by
from harness.settings import patient
from harness.waiting import wait_for_equal

from diststore import Store
from diststore.ttypes import Item, ReadOptions, StoreError, StoreErrorKind, WriteOptions
from locator import Locator
from node import Node


class StoreTest(ClusterTest):
    def setUp(self):
        super().setUp()
        # A sanitizer makes a copy of a large value slower than any network.
        self.nodes = self.cluster(3, *patient("host.call_timeout=5s", "services.diststore.config.forward_timeout=1s"))

    def test_a_value_put_through_one_node_is_got_through_every_node(self):
        for number in range(30):
            client.put(self.nodes[number % 3].port, f"key-{number}", f"value-{number}")
        for node in self.nodes:
            for number in range(30):
                # A classic put is not acknowledged: a get on another connection may overtake it.
                wait_for_equal(f"value of key-{number} by {node.name}", f"value-{number}",
                               lambda node=node, number=number: client.get(node.port, f"key-{number}"))

    def test_each_node_holds_just_the_keys_that_the_ring_gives_it(self):
        names = [node.name for node in self.nodes]
        for node in self.nodes:
            for key in keys_owned_by(node.name, names, 5):
                client.write(self.nodes[0].port, key, "x")
        self.assertEqual([node.gauge("keys") for node in self.nodes], [5, 5, 5])

    def test_its_gauges_have_the_names_that_operators_know(self):
        self.assertEqual(set(self.nodes[0].service("diststore").gauges),
                         {"keys", "bytes", "memory_bytes", "tombstones", "awaits_keys_from", "stamps_too_far_ahead", "keys_moved_in",
                          "keys_moved_out", "forwarded", "moving_keys_done", "moving_keys_left", "moving_bytes_done",
                          "moving_bytes_left", "moving_keys_per_s", "moving_ms_left", "reads_found", "reads_missing", "reads_unserved",
                          "writes_done", "writes_unchanged", "writes_refused", "writes_unserved", "writes_unknown"})

    def test_not_found_and_empty_are_two_things(self):
        port = self.nodes[0].port
        for key in ("one", "two", "three", "four", "five"):
            self.assertIsNone(client.read(port, key))
            client.write(port, key, b"")
            self.assertEqual(client.read(port, key), b"")
            self.assertEqual(client.get(port, key), "")

    def test_keys_and_values_are_any_bytes(self):
        blob = bytes(range(256))
        for node in self.nodes:
            client.write(node.port, blob, blob * 3)
            self.assertEqual(client.read(self.nodes[0].port, blob), blob * 3)

    def test_an_erased_key_is_not_found_and_erasing_it_again_finds_nothing(self):
        for number, node in enumerate(self.nodes):
            key = f"erased-{number}".encode()
            with client.connect(node.port, Store, "diststore") as store:
                store.write(key, b"x", WriteOptions())
                self.assertTrue(store.erase(key, WriteOptions()).found)
                self.assertFalse(store.erase(key, WriteOptions()).found)
                self.assertFalse(store.read(key, ReadOptions()).found)

    def test_a_batch_over_the_keys_of_all_nodes_is_answered_in_the_order_of_the_request(self):
        keys = [f"batch-{number}".encode() for number in range(200)]
        with client.connect(self.nodes[0].port, Store, "diststore") as store:
            written = store.write_many([Item(key=key, value=key[::-1]) for key in keys[:150]], WriteOptions())
            self.assertEqual(len(written), 150)
            self.assertTrue(all(result.version.stamp > 0 for result in written))
        with client.connect(self.nodes[1].port, Store, "diststore") as store:
            found = store.read_many(keys, ReadOptions())
            self.assertEqual([result.value for result in found], [key[::-1] for key in keys[:150]] + [None] * 50)
        with client.connect(self.nodes[2].port, Store, "diststore") as store:
            erased = store.erase_many(keys, WriteOptions())
            self.assertEqual([result.found for result in erased], [True] * 150 + [False] * 50)

    def test_a_value_over_the_limit_is_refused_wherever_its_owner_is(self):
        names = [node.name for node in self.nodes]
        too_long = b"x" * (64 * 1024 + 1)
        with client.connect(self.nodes[0].port, Store, "diststore") as store:
            for node in self.nodes:
                key = keys_owned_by(node.name, names, 1)[0].encode()
                with self.assertRaises(StoreError) as caught:
                    store.write(key, b"x" * (8 * 1024 * 1024 + 1), WriteOptions())
                self.assertEqual(caught.exception.kind, StoreErrorKind.too_large)
                self.assertFalse(store.read(key, ReadOptions()).found)
            with self.assertRaises(StoreError) as caught:
                store.write(too_long, b"", WriteOptions())
            self.assertEqual(caught.exception.kind, StoreErrorKind.too_large)

    def test_a_large_value_travels_through_the_wrong_node_unharmed(self):
        value = bytes(range(256)) * 4 * 1024 * 4  # 4 MiB
        names = [node.name for node in self.nodes]
        key = keys_owned_by(self.nodes[2].name, names, 1)[0]
        client.write(self.nodes[0].port, key, value)
        self.assertEqual(client.read(self.nodes[1].port, key), value)


class ClientFormTest(ClusterTest):
    """Framed and unframed, binary and compact, with a service name and without, against one port."""

    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(2)

    def test_every_form_of_client_stores_and_finds_under_every_name_of_the_store(self):
        for form in client.FORMS:
            for service in ("diststore", "Store", None):
                with self.subTest(form=form, service=service), \
                        client.connect(self.nodes[0].port, Store, service, form) as store:
                    for number in range(4):
                        key = f"{form}-{service}-{number}"
                        store.put(key, f"value of {key}")
                        self.assertEqual(store.get(key), f"value of {key}")
                        self.assertEqual(store.read(key.encode(), ReadOptions()).value, f"value of {key}".encode())
                    self.assertEqual(store.service_type(), "diststore.Store")
                    self.assertEqual(store.service_types(), ["locator.Base", "locator.Locator", "diststore.Store"])

    def test_locator_and_store_answer_on_one_connection(self):
        for form in client.FORMS:
            with self.subTest(form=form), client.channel(self.nodes[0].port, form) as protocol:
                self.assertEqual(client.client_on(protocol, Locator, "locator").service_type(), "locator.Locator")
                self.assertEqual(client.client_on(protocol, Locator, "diststore").service_type(), "diststore.Store")
                self.assertEqual(client.client_on(protocol, Locator).service_type(), "diststore.Store")
                self.assertEqual(client.client_on(protocol, Node, "node").status().state, "ready")

    def test_a_classic_client_of_one_call_a_connection_is_served(self):
        names = sorted(node.name for node in self.nodes)
        for node in self.nodes:
            client.call(node.port, "ping")
            key = f"by {node.name}"
            client.put(node.port, key, "classic")
            wait_for_equal("the put value", "classic", lambda key=key: client.get(self.nodes[0].port, key))
            self.assertEqual(client.get(node.port, "never put"), "")
            locations = client.call(node.port, "get_all")
            self.assertEqual(sorted(client.name_of(location) for location in locations), names)
            self.assertIn(client.name_of(client.call(node.port, "get_node", "a")), names)


if __name__ == "__main__":
    unittest.main()
