"""The ring that the other tests compare with is the 2009 system's own."""
import json
import unittest

from harness.classic_ring import ClassicRing, key_position
from harness.settings import SOURCE


class ClassicRingTest(unittest.TestCase):
    def test_it_answers_every_golden_vector(self):
        with open(SOURCE / "tests" / "vectors" / "thrifty_ring.json") as file:
            golden = json.load(file)
        rings = {name: ClassicRing(group["nodes"]) for name, group in golden["sets"].items()}
        self.assertEqual(len(golden["vectors"]), 40)
        for vector in golden["vectors"]:
            key = bytes.fromhex(vector["key_hex"])
            with self.subTest(set=vector["set"], key=vector["key_hex"]):
                self.assertEqual(key_position(key), vector["key_pos"])
                self.assertEqual(rings[vector["set"]].owner(key), vector["owner"])
                self.assertEqual(rings[vector["set"]].walk(key), vector["order"])


if __name__ == "__main__":
    unittest.main()
