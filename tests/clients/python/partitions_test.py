"""Are keys placed by partitions as nodes place them? Tested with the same vectors as lib/placement."""
import json
import pathlib
import unittest

from p2p_client.partitions import PartitionedView, partition_of, partitions_named

VECTORS = json.loads((pathlib.Path(__file__).resolve().parents[2] / "vectors" / "partitions.json").read_text())


def view_of(table):
    return PartitionedView.of_bytes(table["members"], table["leaving"], 1, 10, partitions_named(table["placement"]),
                                    bytes.fromhex(table["owners_hex"]))


class GoldenVectorTest(unittest.TestCase):
    def assert_owners(self, view, owners):
        for vector in VECTORS["keys"]:
            key = bytes.fromhex(vector["key_hex"])
            self.assertEqual(view.owner_of(key), owners[partition_of(key, len(owners))])

    def test_every_key_has_its_partition(self):
        self.assertEqual(len(VECTORS["keys"]), 18)
        for vector in VECTORS["keys"]:
            for count, partition in zip(VECTORS["partition_counts"], vector["partitions"]):
                with self.subTest(key=vector["key_hex"], count=count):
                    self.assertEqual(partition_of(bytes.fromhex(vector["key_hex"]), count), partition)

    def test_tables_have_their_owners_and_senseless_ones_are_refused(self):
        self.assertEqual(len(VECTORS["tables"]), 5)
        for table in VECTORS["tables"]:
            with self.subTest(table.get("what", "good")):
                if partitions_named(table["placement"]) is None:
                    self.assertNotIn("owners", table)
                elif "owners" in table:
                    self.assert_owners(view_of(table), table["owners"])
                else:
                    self.assertRaises(ValueError, view_of, table)

    def test_deltas_lead_where_they_should(self):
        table = VECTORS["tables"][0]
        for delta in table["deltas"]:
            nodes = (delta["members"], delta["leaving"]) if "members" in delta else None
            with self.subTest(delta["what"]):
                if "owners" in delta:
                    after = view_of(table).after(2, 11, bytes.fromhex(delta["moved_hex"]), nodes)
                    self.assertEqual((after.fingerprint, after.epoch), (2, 11))
                    self.assert_owners(after, delta["owners"])
                else:
                    with self.assertRaises(ValueError):
                        view_of(table).after(2, 11, bytes.fromhex(delta["moved_hex"]), nodes)


class PartitionedViewTest(unittest.TestCase):
    def test_names_of_placements(self):
        for name, count in {"partitions:1": 1, "partitions:4096": 4096, "partitions:65536": 65536, "classic": None, "partitions:": None,
                            "partitions:0": None, "partitions:3": None, "partitions:131072": None, "partitions:16x": None}.items():
            self.assertEqual(partitions_named(name), count, name)

    def test_the_owner_comes_first_and_every_node_once(self):
        view = view_of(VECTORS["tables"][0])
        for number in range(100):
            key = b"%d" % number
            order = view.owners_of(key, 3)
            self.assertEqual(order[0], view.owner_of(key))
            self.assertEqual(len(order), len(set(order)))
            self.assertLessEqual(set(view.members), set(order))

    def test_a_node_that_is_named_twice_is_refused(self):
        self.assertRaises(ValueError, PartitionedView, ["a:1"], ["a:1"], 1, 1, [0])
        self.assertRaises(ValueError, PartitionedView, [], [], 1, 1, [0xFFFF])


if __name__ == "__main__":
    unittest.main()
