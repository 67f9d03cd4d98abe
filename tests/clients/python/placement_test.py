"""Does the Python ring equal that of the 2009 system? Tested with the same vectors as the locator's ring."""
import json
import pathlib
import unittest

from p2p_client.placement import ClassicRing, position_of

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "thrifty_ring.json"


class GoldenVectorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.golden = json.loads(VECTORS.read_text())
        cls.names = {name: sorted(group["nodes"], key=str.encode) for name, group in cls.golden["sets"].items()}
        cls.rings = {name: ClassicRing(names) for name, names in cls.names.items()}

    def test_every_key_has_its_position_owner_and_order(self):
        self.assertEqual(len(self.golden["vectors"]), 40)
        for vector in self.golden["vectors"]:
            names, ring = self.names[vector["set"]], self.rings[vector["set"]]
            key = bytes.fromhex(vector["key_hex"])
            with self.subTest(set=vector["set"], key=vector["key_hex"]):
                self.assertEqual(position_of(key), vector["key_pos"])
                self.assertEqual(names[ring.owner_of(key)], vector["owner"])
                self.assertEqual([names[index] for index in ring.owners_of(key, len(names))], vector["order"])

    def test_every_set_has_its_points(self):
        for name, group in self.golden["sets"].items():
            positions = self.rings[name].positions
            with self.subTest(set=name):
                self.assertEqual(len(positions), group["distinct_positions"])
                self.assertEqual(sum(position < 2**32 for position in positions), group["positions_below_2^32"])
                self.assertEqual(positions[-1], group["max_position"])
                self.assertEqual(positions[:5], group["first5"])


class OrderTest(unittest.TestCase):
    def test_the_owner_comes_first_and_each_member_once(self):
        ring = ClassicRing([f"10.0.0.{number}:9900" for number in range(1, 9)])
        for number in range(1_000):
            order = ring.owners_of(b"key-%d" % number, 8)
            self.assertEqual(order[0], ring.owner_of(b"key-%d" % number))
            self.assertEqual(sorted(order), list(range(8)))
            self.assertEqual(ring.owners_of(b"key-%d" % number, 3), order[:3])

    def test_removing_a_member_moves_only_its_keys(self):
        names = [f"10.0.0.{number}:9900" for number in range(1, 6)]
        before, after = ClassicRing(names), ClassicRing(names[:-1])
        for number in range(1_000):
            key = b"key-%d" % number
            if before.owner_of(key) != 4:
                self.assertEqual(after.owner_of(key), before.owner_of(key))


if __name__ == "__main__":
    unittest.main()
