"""A node of the 2009 system that misbehaves while keys are handed to it costs none of them."""
import unittest

from harness import address, client
from harness.case import ALONE
from harness.classic_ring import keys_owned_by
from harness.waiting import wait_for_equal, wait_until
from shared_ring_test import SharedRing

KEYS = 60


class SharedRingFaultsTest(SharedRing):
    def setUp(self):
        super().setUp()
        self.donor = self.node(*ALONE).start()
        self.items = {f"key-{number}": f"value-{number}" for number in range(KEYS)}
        for key, value in self.items.items():
            client.write(self.donor.port, key, value)

    def owned_by(self, seed):
        names = [self.donor.name, seed.name]
        return [key for key in keys_owned_by(seed.name, names, KEYS) if key in self.items]

    def assert_nothing_is_given(self, seed):
        """By the ring the seed owns keys, and the donor, which has tried to give them, still holds every one."""
        wait_until("the donor knows the seed", lambda: len(self.donor.members()) == 2)
        self.assertGreater(len(self.owned_by(seed)), 0)
        wait_until("the donor has tried", lambda: "stay here for now" in self.donor.log())
        self.assertEqual(self.donor.gauge("keys"), KEYS)
        self.assertEqual(self.donor.gauge("keys_moved_out"), 0)

    def assert_given(self, seed):
        wait_for_equal("what the seed holds", {key: self.items[key] for key in self.owned_by(seed)}, seed.values, 30)
        wait_for_equal("keys that the donor still holds", KEYS - len(self.owned_by(seed)),
                       lambda: self.donor.gauge("keys"), 30)
        self.assert_all_found([self.donor, seed], self.items)

    def test_a_joiner_that_stops_listening_gets_its_keys_when_it_listens_again_or_loses_none(self):
        seed = self.seed("--refuse-after-join").start(self.donor)
        # Three refused connects remove it; the keys are all there, whoever owns them.
        wait_for_equal("members", [self.donor.name], self.donor.members)
        self.assertEqual(self.donor.gauge("keys"), KEYS)
        self.assertEqual({key: client.get(self.donor.port, key) for key in self.items}, self.items)
        self.assertEqual(seed.values(), {})

    def test_a_joiner_that_does_not_answer_gets_its_keys_when_it_does(self):
        seed = self.seed("--mute-on", "get_node").start(self.donor)
        self.assert_nothing_is_given(seed)
        seed.tell("unmute")
        self.assert_given(seed)

    def test_a_joiner_that_drops_what_it_is_given_has_it_given_again(self):
        seed = self.seed("--drop-puts").start(self.donor)
        self.assert_nothing_is_given(seed)
        seed.tell("keep-puts")
        self.assert_given(seed)

    def test_a_joiner_whose_ring_names_another_owner_is_given_nothing(self):
        other = self.seed().start()
        seed = self.seed("--other-ring", other.name).start(self.donor)
        wait_until("the donor knows the seed", lambda: seed.name in self.donor.members())
        self.assert_all_held_somewhere([self.donor, seed, other])

    def test_a_joiner_that_sends_what_it_is_given_back_to_the_donor_is_given_nothing_of_it(self):
        # By its ring the donor, under another name, owns keys that the donor takes for the seed's.
        seed = self.seed("--other-ring", address.name_at(address.ALIAS, self.donor.port)).start(self.donor)
        wait_until("the donor knows the seed", lambda: seed.name in self.donor.members())
        wait_until("the donor has tried", lambda: "stay here for now" in self.donor.log())
        self.assert_all_held_somewhere([self.donor, seed])

    def assert_all_held_somewhere(self, nodes):
        """What no seed truly holds is still at the donor: it answers for it when the seeds are gone."""
        self.assertGreater(self.donor.gauge("keys"), 0)
        self.donor.freeze()  # so that it gives nothing between the look and the end
        at_seeds = {key: value for node in nodes[1:] for key, value in node.values().items()}
        for node in nodes[1:]:
            node.kill()
        self.donor.thaw()
        wait_for_equal("members", [self.donor.name], self.donor.members)
        for key, value in self.items.items():
            if key in at_seeds:
                self.assertEqual(at_seeds[key], value)
            else:
                self.assertEqual(client.get(self.donor.port, key), value, key)


if __name__ == "__main__":
    unittest.main()
