"""When does a client trust its view, and when does it refresh it?"""
import unittest

from p2p_client.discovery import candidates
from p2p_client.fingerprint import fingerprint_of
from p2p_client.placement import ClassicRing
from p2p_client.view import (REFRESH_PAUSE_SECONDS_MAX, REFRESH_PAUSE_SECONDS_MIN, UNCONFIRMED_SECONDS_MAX, View, Views,
                             address_of, name_of)

MEMBERS = ["127.0.0.1:9901", "127.0.0.1:9900"]


class FingerprintTest(unittest.TestCase):
    def test_it_is_xxh3_of_placement_and_members(self):
        # XXH3_64bits of "" and "abc", as xxhash's own tests have them; the view's text begins with the placement.
        self.assertEqual(fingerprint_of([], ""), 0x2D06800538D394C2)
        self.assertEqual(fingerprint_of([], "abc"), 0x78AF5F94892F3950)

    def test_it_is_a_signed_64_bit_number(self):
        prints = [fingerprint_of([f"n{number}:1"], "classic") for number in range(64)]
        self.assertTrue(all(-2**63 <= number < 2**63 for number in prints))
        self.assertTrue(any(number < 0 for number in prints) and any(number > 0 for number in prints))

    def test_members_in_any_order_make_the_same_view(self):
        self.assertEqual(View(MEMBERS).fingerprint, View(sorted(MEMBERS)).fingerprint)
        self.assertNotEqual(View(MEMBERS).fingerprint, View(MEMBERS[:1]).fingerprint)


class AddressTest(unittest.TestCase):
    def test_host_and_port_are_parsed(self):
        self.assertEqual(address_of("localhost:9900"), ("localhost", 9900))
        self.assertEqual(address_of("[::1]:65535"), ("::1", 65535))

    def test_malformed_addresses_are_refused(self):
        for text in ("::1:9900", "[::1]", "[::1]9900", "[localhost]:9900", "[[::1]]:9900", "", "localhost", "localhost:", ":9900", "localhost:0", "localhost:65536", "localhost:x"):
            with self.subTest(text), self.assertRaises(ValueError):
                address_of(text)

    def test_a_negative_port_is_read_as_unsigned(self):
        self.assertEqual(name_of("delta", -1), "delta:65535")

    def test_a_name_is_parsed_back_to_the_same_address(self):
        for place in (("127.0.0.1", 9900), ("::1", 1), ("fe80::1%eth0", 65535), ("::ffff:10.0.0.1", 9900)):
            self.assertEqual(address_of(name_of(*place)), place)


class V6ViewTest(unittest.TestCase):
    """Names have brackets; rings and fingerprints are computed without them, as nodes do (tests/unit/locator)."""

    NAMES = ["[::1]:9902", "[::1:2]:9900", "[::1]:9900", "10.0.0.1:9900"]

    def test_the_fingerprint_is_that_of_the_names_without_brackets_in_their_order(self):
        classic = ["10.0.0.1:9900", "::1:2:9900", "::1:9900", "::1:9902"]
        self.assertEqual(View(self.NAMES).fingerprint, fingerprint_of(classic, "classic"))

    def test_nodes_and_clients_compute_the_same(self):
        # The numbers of tests/unit/locator/member_view_test.cc.
        view = View(["[::1]:9902", "[2001:db8::5]:9900", "[::1]:9900", "10.0.0.5:9900"])
        self.assertEqual(view.fingerprint % 2**64, 0xdb0ae8801178704c)
        self.assertEqual({key: view.owner_of(key) for key in (b"a", b"b", b"c", b"g", b"h")},
                         {b"a": "[::1]:9902", b"b": "[::1]:9900", b"c": "10.0.0.5:9900", b"g": "[2001:db8::5]:9900",
                          b"h": "[::1]:9902"})

    def test_keys_are_placed_by_names_without_brackets_and_owners_have_brackets(self):
        ring = ClassicRing(["::1:9900", "::1:9902"])
        view = View(["[::1]:9902", "[::1]:9900"])
        for number in range(100):
            key = b"key-%d" % number
            self.assertEqual(view.owner_of(key), ("[::1]:9900", "[::1]:9902")[ring.owner_of(key)])


class ViewsTest(unittest.TestCase):
    def setUp(self):
        self.views = Views()
        self.views.update(MEMBERS, 100.0)

    def test_without_a_view_a_refresh_is_due_at_once(self):
        views = Views()
        self.assertTrue(views.is_refresh_due(0.0))
        self.assertFalse(views.update([], 0.0))
        self.assertTrue(views.is_refresh_due(0.0))
        self.assertTrue(views.update(MEMBERS, 0.0))
        self.assertFalse(views.is_refresh_due(0.0))

    def test_no_refresh_is_due_while_replies_agree(self):
        for step in range(100):
            now = 100.0 + step * UNCONFIRMED_SECONDS_MAX / 2
            self.views.note_fingerprint("n", self.views.current.fingerprint, now)
            self.assertFalse(self.views.is_refresh_due(now))

    def test_a_view_that_no_reply_confirms_is_refreshed(self):
        self.assertFalse(self.views.is_refresh_due(100.0 + UNCONFIRMED_SECONDS_MAX * 0.9))
        self.assertTrue(self.views.is_refresh_due(100.0 + UNCONFIRMED_SECONDS_MAX))

    def test_after_another_fingerprint_its_node_is_asked_first(self):
        self.views.note_fingerprint("n", self.views.current.fingerprint + 1, 100.5)
        self.assertTrue(self.views.is_refresh_due(100.5))
        self.assertEqual(self.views.start_refresh(), "n")
        self.views.update([*MEMBERS, "127.0.0.1:9902"], 100.6)
        self.assertFalse(self.views.is_refresh_due(100.6))
        self.assertEqual(len(self.views.current.members), 3)

    def test_a_node_that_does_not_answer_is_not_asked_first(self):
        self.views.note_no_answer("n")
        self.assertTrue(self.views.is_refresh_due(100.5))
        self.assertIsNone(self.views.start_refresh())

    def test_nodes_are_asked_in_order_and_unresponsive_ones_last(self):
        self.views.note_fingerprint("n", 1, 100.5)
        asked = candidates(self.views, ["seed", MEMBERS[0]])
        self.assertEqual((asked[0], sorted(asked[1:3]), asked[3:]), ("n", sorted(MEMBERS), ["seed"]))
        self.views.note_no_answer(MEMBERS[0])
        self.assertEqual(candidates(self.views, ["seed", MEMBERS[0]]), [MEMBERS[1], "seed", MEMBERS[0]])
        self.views.note_answer(MEMBERS[0])
        self.assertEqual(candidates(self.views, ["seed"])[2], "seed")

    def test_refreshes_without_a_new_view_become_rare(self):
        now, pauses = 100.0, []
        for _ in range(10):
            self.views.note_fingerprint("n", 0, now)
            asked_at = now
            while not self.views.is_refresh_due(now):
                now += REFRESH_PAUSE_SECONDS_MIN / 8
            pauses.append(now - asked_at)
            self.views.start_refresh()
            self.views.update(MEMBERS, now)
        self.assertLessEqual(pauses[0], REFRESH_PAUSE_SECONDS_MIN * 1.2)
        self.assertGreater(pauses[-1], REFRESH_PAUSE_SECONDS_MAX * 0.9)

    def test_an_empty_list_of_members_changes_nothing(self):
        before = self.views.current
        self.assertFalse(self.views.update([], 101.0))
        self.assertIs(self.views.current, before)


if __name__ == "__main__":
    unittest.main()
