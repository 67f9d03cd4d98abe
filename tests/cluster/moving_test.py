"""Keys follow the ring when nodes join and leave, exactly those whose owner changes."""
import collections
import signal
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.classic_ring import ClassicRing
from harness.nato import NATO
from harness.node_process import run_p2phost
from harness.waiting import wait_for_equal

from diststore import Store
from diststore.ttypes import Item, ReadOptions, StoreError, StoreErrorKind, WriteOptions


class MovingTest(ClusterTest):
    def test_a_fourth_node_takes_just_its_keys_and_whoever_leaves_hands_over_just_its_own(self):
        for leaver in range(4):
            with self.subTest(leaver=leaver):
                nodes = self.cluster(3)
                for key, value in NATO.items():
                    client.write(nodes[0].port, key, value)
                nodes = self.let_one_join(nodes, NATO)
                self.let_one_leave(nodes, NATO, leaver)
                self.end(nodes)

    def test_thousands_of_keys_follow_a_join_and_a_leave(self):
        nodes = self.cluster(2)
        items = {f"key-{number}": f"value-{number}" * 10 for number in range(5000)}
        with client.connect(nodes[0].port, Store, "diststore") as store:
            written = [Item(key=key.encode(), value=value.encode()) for key, value in items.items()]
            store.write_many(written, WriteOptions())
        nodes = self.let_one_join(nodes, items)
        self.let_one_leave(nodes, items, 0)

    def test_an_erased_key_stays_erased_when_its_owner_changes(self):
        nodes = self.cluster(2)
        keys = [f"erased-{number}" for number in range(50)]
        for key in keys:
            client.write(nodes[0].port, key, "x")
        with client.connect(nodes[1].port, Store, "diststore") as store:
            store.erase_many([key.encode() for key in keys], WriteOptions())
        joined = self.join_one(nodes)
        nodes[0].leave()
        self.wait_for_network([nodes[1], joined])
        self.assertEqual([client.read(joined.port, key) for key in keys], [None] * 50)

    def test_small_messages_carry_every_key_to_its_new_owner(self):
        small = ("--set", "host.frame_bytes_max=64KiB", "--set", "services.diststore.config.key_bytes_max=1KiB",
                 "--set", "services.diststore.config.value_bytes_max=39KiB")
        nodes = self.cluster(2, *small)
        items = {f"key-{size}-{number}": "v" * size for size in (100, 15_000, 39 * 1024) for number in range(15)}
        for key, value in items.items():
            client.write(nodes[0].port, key, value)
        nodes = self.let_one_join(nodes, items, *small)
        self.let_one_leave(nodes, items, 0)
        # Values that fit no reply together are refused in words, and cost nobody else a thing.
        with client.connect(nodes[1].port, Store, "diststore") as store:
            with self.assertRaises(StoreError) as caught:
                store.read_many([key.encode() for key in items], ReadOptions())
            self.assertEqual(caught.exception.kind, StoreErrorKind.too_large)
            # So are more keys than results fit a reply, before anything is done.
            with self.assertRaises(StoreError) as caught:
                store.write_many([Item(key=b"many-%d" % number, value=b"") for number in range(12 * 64 + 1)], WriteOptions())
            self.assertEqual(caught.exception.kind, StoreErrorKind.too_many)
            self.assertFalse(store.read(b"many-0", ReadOptions()).found)
            few = [key for key in items if key.startswith("key-100-")]
            self.assertEqual([result.value.decode() for result in store.read_many([key.encode() for key in few], ReadOptions())],
                             [items[key] for key in few])

    def test_a_store_whose_values_fit_no_message_does_not_start(self):
        ended = run_p2phost("--config", settings.STORE_CONFIG, "--listen", "127.0.0.1:0", "--set", "host.frame_bytes_max=8MiB",
                            "--set", "services.locator.config.discover=none")
        self.assertEqual(ended.returncode, 78, ended.stderr)
        self.assertIn("value_bytes_max = 8MiB", ended.stderr)

    def test_the_last_node_ends_although_nobody_takes_its_keys(self):
        node = self.lonely_node()
        client.write(node.port, "a", "b")
        node.leave(signal.SIGINT)
        self.assertIn("1 keys end with this node", node.log())

    # --- steps ---

    def let_one_join(self, nodes, items, *arguments):
        """All nodes, after one more has joined and got just what `locate` gave it, from just those that had it."""
        before = located(nodes[0], items)
        joined = self.join_one(nodes, *arguments)
        everyone = [*nodes, joined]
        after = located(joined, items)
        self.assertEqual(after, {key: ClassicRing([node.name for node in everyone]).owner(key) for key in items})

        moved = [key for key in items if before[key] != after[key]]
        self.assertEqual({after[key] for key in moved}, {joined.name})
        given = collections.Counter(before[key] for key in moved)
        wait_for_equal("keys that the joiner got", len(moved), lambda: joined.gauge("keys_moved_in"))
        wait_for_equal("keys that each other gave", {node.name: given[node.name] for node in nodes},
                       lambda: {node.name: node.gauge("keys_moved_out") for node in nodes})
        self.assert_all_there(everyone, items, after)
        return everyone

    def let_one_leave(self, nodes, items, leaver):
        """SIGINT to one: its keys go to their new owners, and nothing else moves."""
        gone = nodes[leaver]
        rest = [node for node in nodes if node is not gone]
        before = located(rest[0], items)
        got = {node.name: node.gauge("keys_moved_in") for node in rest}
        gone.leave(signal.SIGINT)
        self.wait_for_network(rest)
        after = located(rest[0], items)

        moved = [key for key in items if before[key] != after[key]]
        self.assertEqual({before[key] for key in moved}, {gone.name})
        taken = collections.Counter(after[key] for key in moved)
        wait_for_equal("keys that each node took", {node.name: got[node.name] + taken[node.name] for node in rest},
                       lambda: {node.name: node.gauge("keys_moved_in") for node in rest})
        self.assert_all_there(rest, items, after)

    def assert_all_there(self, nodes, items, owners):
        held = collections.Counter(owners.values())
        wait_for_equal("keys that each node holds", {node.name: held[node.name] for node in nodes},
                       lambda: {node.name: node.gauge("keys") for node in nodes})
        keys = list(items)
        for node in nodes:
            with client.connect(node.port, Store, "diststore") as store:
                if max(map(len, items.values())) < 1_000:
                    results = store.read_many([key.encode() for key in keys], ReadOptions())
                else:
                    results = [store.read(key.encode(), ReadOptions()) for key in keys]
            self.assertEqual({key: result.value for key, result in zip(keys, results)},
                             {key: value.encode() for key, value in items.items()})


def located(node, keys):
    """Who owns each key, as `node` says."""
    with client.connect(node.port, Store, "diststore") as store:
        return {key: client.name_of(store.get_node(key)) for key in keys}


if __name__ == "__main__":
    unittest.main()
