"""What is asked in a refresh, and what does the client make of the answers?"""
import unittest

from p2p_client.discovery import Discovery
from p2p_client.faults import TIMED_OUT
from p2p_client.gen.locator.ttypes import Location, RingDelta, RingState
from p2p_client.outcome import Answered, Foreign, Lost, NotExecuted, outcome_of_exception
from p2p_client.partitions import partition_of
from p2p_client.view import OLDER_EPOCH_SECONDS, View, Views
from thrift.Thrift import TApplicationException

MEMBERS = ["127.0.0.1:9900", "127.0.0.1:9901"]
LOCATIONS = [Location("127.0.0.1", 9900), Location("127.0.0.1", 9901)]


def state(epoch=10, owners=(0, 0, 0, 1)):
    return RingState(members=LOCATIONS, view=epoch, placement="partitions:4", leaving=[], epoch=epoch,
                     owners=b"".join(owner.to_bytes(2, "big") for owner in owners))


def key_in(partition):
    return next(key for key in map(b"%d".__mod__, range(1000)) if partition_of(key, 4) == partition)


class DiscoveryTest(unittest.TestCase):
    def setUp(self):
        self.views = Views()
        self.discovery = Discovery("locator", ["seed:1"])
        self.now = 100.0
        self.asked = []

    def refresh(self, **answers):
        """Answers by method; others are refused as an older node of ours does."""
        refused = outcome_of_exception(TApplicationException(TApplicationException.UNKNOWN_METHOD, "p2p:unknown: locator.ring"))
        self.asked = []
        steps = self.discovery.refreshing(self.views, lambda: self.now)
        outcome = None
        while True:
            try:
                _, request = steps.send(outcome)
            except StopIteration as end:
                return self.views.adopt(end.value, self.now)
            self.asked.append((request.service, request.method, request.arguments))
            outcome = answers.get(request.method, refused)
            if isinstance(outcome, list):
                outcome = outcome.pop(0)

    def methods(self):
        return [method for _, method, _ in self.asked]

    def test_a_ring_is_built_of_the_members_and_placement_is_asked_once(self):
        on_ring = RingState(members=LOCATIONS, view=View(MEMBERS).fingerprint, placement="classic", leaving=[])
        self.assertTrue(self.refresh(get_all=Answered(LOCATIONS), state=Answered(on_ring)))
        self.assertEqual(self.methods(), ["get_all", "state"])
        self.assertEqual(self.views.current.members, tuple(MEMBERS))
        self.assertFalse(self.refresh(get_all=Answered(LOCATIONS)))
        self.assertEqual(self.methods(), ["get_all"])

    def test_a_node_that_does_not_know_the_question_has_a_ring(self):
        self.assertTrue(self.refresh(get_all=Answered(LOCATIONS)))
        self.assertEqual(self.views.current.fingerprint, View(MEMBERS).fingerprint)
        self.refresh(get_all=Answered(LOCATIONS))
        self.assertEqual(self.methods(), ["get_all"])

    def test_a_node_that_does_not_answer_it_is_asked_again(self):
        for _ in range(2):
            self.refresh(get_all=Answered(LOCATIONS), state=Lost("no answer", TIMED_OUT))
            self.assertEqual(self.methods(), ["get_all", "state"])
        self.assertEqual(self.views.current.fingerprint, View(MEMBERS).fingerprint)

    def test_replies_that_contradict_for_no_reason_make_it_ask_again(self):
        self.refresh(get_all=Answered(LOCATIONS))
        self.views.note_fingerprint(MEMBERS[0], 10, self.now)
        self.refresh(get_all=Answered(LOCATIONS))
        self.assertTrue(self.refresh(get_all=Answered(LOCATIONS), state=Answered(state())))
        self.assertEqual(self.views.current.epoch, 10)

    def test_a_foreign_node_is_asked_nothing_else(self):
        self.assertFalse(self.refresh(get_all=Foreign("Unknown function")))
        self.assertEqual(self.methods(), ["get_all"])
        self.assertTrue(self.views.is_foreign("seed:1", self.now))

    def test_owners_are_those_of_partitions_where_a_node_says_so(self):
        self.assertTrue(self.refresh(get_all=Answered(LOCATIONS), state=Answered(state())))
        self.assertEqual([self.views.current.owner_of(key_in(partition)) for partition in range(4)],
                         [MEMBERS[0], MEMBERS[0], MEMBERS[0], MEMBERS[1]])

    def test_from_then_on_only_changes_are_asked_for(self):
        self.refresh(get_all=Answered(LOCATIONS), state=Answered(state()))
        delta = RingDelta(epoch=11, view=11, moved=b"\0\0\0\1")
        self.assertTrue(self.refresh(state_since=Answered(delta)))
        self.assertEqual(self.asked, [("locator.ring", "state_since", (10, 10))])
        self.assertEqual(self.views.current.epoch, 11)
        self.assertEqual(self.views.current.owner_of(key_in(0)), MEMBERS[1])
        self.assertFalse(self.refresh(state_since=Answered(RingDelta(epoch=11, view=11, moved=b""))))

    def test_over_a_gap_the_whole_is_told(self):
        self.refresh(get_all=Answered(LOCATIONS), state=Answered(state()))
        whole = state(epoch=90, owners=(1, 1, 1, 0xFFFF))
        self.assertTrue(self.refresh(state_since=Answered(RingDelta(epoch=90, view=90, whole=whole))))
        self.assertEqual(self.views.current.owner_of(key_in(0)), MEMBERS[1])
        self.assertIsNone(self.views.current.owner_of(key_in(3)))

    def test_what_makes_no_sense_is_no_answer(self):
        self.refresh(get_all=Answered(LOCATIONS), state=Answered(state()))
        before = self.views.current
        senseless = Answered(RingDelta(epoch=11, view=11, moved=b"\0\0\0"))
        self.assertFalse(self.refresh(state_since=senseless))
        self.assertEqual(self.methods(), ["state_since"] * 3, "both members and the seed")
        self.assertIs(self.views.current, before)

    def test_a_node_that_is_late_is_not_followed(self):
        self.refresh(get_all=Answered(LOCATIONS), state=Answered(state()))
        late = Answered(RingDelta(epoch=9, view=9, whole=state(epoch=9)))
        self.now += OLDER_EPOCH_SECONDS / 2
        self.assertFalse(self.refresh(state_since=late))
        self.assertEqual(self.views.current.epoch, 10)
        self.now += OLDER_EPOCH_SECONDS
        self.assertTrue(self.refresh(state_since=late), "the network may have begun anew")

    def test_a_node_that_refuses_is_followed_by_the_next(self):
        self.refresh(get_all=Answered(LOCATIONS), state=Answered(state()))
        delta = Answered(RingDelta(epoch=11, view=11, moved=b""))
        self.assertTrue(self.refresh(state_since=[NotExecuted("refused"), delta]))
        self.assertEqual(self.methods(), ["state_since"] * 2)


if __name__ == "__main__":
    unittest.main()
