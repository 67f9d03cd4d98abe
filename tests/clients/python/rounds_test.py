"""Does a job come to its right end, whatever the network does? The rounds are obeyed by a script, on a clock that only
moves when they pause."""
import unittest

from thrift.Thrift import TApplicationException

from p2p_client.errors import Failed, Rejected, Unknown
from p2p_client.faults import INVALID
from p2p_client.gen.diststore.ttypes import ReadResult, StoreError
from p2p_client.jobs import Batch, Call, OneCall
from p2p_client.learning import LEARN_SECONDS_MAX
from p2p_client.outcome import Answered, Foreign, Kind, Lost, Oversized, Raised, Untaken, outcome_of_exception
from p2p_client.rounds import ATTEMPTS_MAX, PAUSE_SECONDS_MAX, Learn, Pause, Probe, Rounds, Send
from p2p_client.store import ERASE, READ, WRITE
from p2p_client.view import MUTE_SECONDS, View, Views

MEMBERS = [f"10.0.0.{number}:9900" for number in range(1, 4)]
KEY = b"key"
CALL = Kind(is_change=True, is_repeatable=False)
REPEATABLE = Kind(is_change=True, is_repeatable=True)


def fault(text):
    return outcome_of_exception(TApplicationException(TApplicationException.INTERNAL_ERROR, text))


class RoundsTest(unittest.TestCase):
    def setUp(self):
        self.now = 0.0
        self.views = Views()
        self.members = MEMBERS  # what a node that is asked tells
        self.sent = []  # the parts of every round
        self.learnt = 0
        self.mute = set()  # nodes that take questions and say nothing
        self.foreign = set()  # nodes that are none of ours
        self.probed = []
        self.probe_seconds = LEARN_SECONDS_MAX  # how long such a question waits

    def run_job(self, job, answer, seconds=5.0):
        """Obeys; answer(part) is the outcome of each part."""
        steps = Rounds(job, self.views, self.now + seconds, lambda: self.now).run()
        told = None
        while True:
            try:
                effect = steps.send(told)
            except StopIteration:
                return job.result()
            told = None
            if isinstance(effect, Learn):
                self.learnt += 1
                self.views.whom_to_ask()
                self.views.learnt(self.members, self.now)
            elif isinstance(effect, Probe):
                self.probed += effect.nodes
                if self.mute & set(effect.nodes):
                    self.now += self.probe_seconds
                told = [self.probe(node) for node in effect.nodes]
            elif isinstance(effect, Pause):
                self.now += effect.seconds
            else:
                self.assertIsInstance(effect, Send)
                self.sent.append(effect.parts)
                told = [answer(part) for part in effect.parts]

    def probe(self, node):
        if node in self.foreign:
            return Foreign("Unknown function locator:get_all")
        return Lost("silent") if node in self.mute else Answered([])

    def run_one(self, kind, *outcomes, seconds=5.0):
        script = iter(outcomes)
        return self.run_job(OneCall(Call(kind, KEY, "request")), lambda _: next(script), seconds)

    def nodes(self):
        return [parts[0].node for parts in self.sent]

    # --- the steady ring ---

    def test_a_call_goes_to_the_owner_once(self):
        self.assertEqual(self.run_one(READ, Answered("value")), "value")
        self.assertEqual(self.nodes(), [View(MEMBERS).owner_of(KEY)])
        self.assertEqual(self.learnt, 1)

    def test_replies_of_the_same_view_ask_for_nothing(self):
        for _ in range(10):
            self.run_one(READ, Answered(ReadResult(found=False, view=View(MEMBERS).fingerprint)))
            self.now += 0.9
        self.assertEqual(self.learnt, 1)

    def test_a_reply_of_another_view_is_a_result_all_the_same(self):
        self.run_one(READ, Answered(ReadResult(found=False, view=1)))
        self.assertEqual(len(self.sent), 1)
        self.members = MEMBERS[:2]
        self.now += 0.1
        self.run_one(READ, Answered("value"))
        self.assertEqual(self.learnt, 2)
        self.assertEqual(self.nodes()[-1], View(MEMBERS[:2]).owner_of(KEY))

    # --- nodes that do not speak ---

    def test_a_node_is_asked_a_harmless_question_before_its_first_call_only(self):
        for _ in range(3):
            self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.probed, [View(MEMBERS).owner_of(KEY)])

    def test_a_mute_owners_calls_go_through_another_node(self):
        first, second, third = View(MEMBERS).owners_of(KEY, 3)
        self.mute = {first, second}
        for _ in range(3):
            self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes(), [third] * 3)
        self.assertEqual(self.probed, [first, second, third])

    def test_a_mute_node_is_tried_again_later(self):
        first = View(MEMBERS).owner_of(KEY)
        self.mute = {first}
        self.run_one(ERASE, Answered("done"))
        self.mute = set()
        self.now += MUTE_SECONDS
        self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes()[-1], first)

    def test_a_node_that_was_given_little_time_is_passed_over_once(self):
        first, second, _ = View(MEMBERS).owners_of(KEY, 3)
        self.mute = {first}
        self.probe_seconds = LEARN_SECONDS_MAX / 10
        self.run_one(ERASE, Answered("done"))
        self.mute = set()
        self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes(), [second, first])

    def test_when_all_are_mute_the_owner_is_tried(self):
        self.mute = set(MEMBERS)
        with self.assertRaises(Unknown):
            self.run_one(ERASE, Lost("no answer before the deadline"))
        self.assertEqual(self.nodes(), [View(MEMBERS).owner_of(KEY)])

    def test_the_calls_of_an_owner_that_is_none_of_ours_go_through_another_node(self):
        first, second, _ = View(MEMBERS).owners_of(KEY, 3)
        self.foreign = {first}
        for _ in range(3):
            self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes(), [second] * 3)
        self.assertEqual(self.probed, [first, second])

    def test_nothing_is_sent_when_no_node_is_ours(self):
        self.foreign = set(MEMBERS)
        with self.assertRaises(Failed):
            self.run_one(ERASE)
        self.assertEqual(self.sent, [])

    def test_a_node_that_lost_a_call_is_asked_again_before_the_next(self):
        self.run_one(READ, Lost("closed"), *[Answered("done")])
        self.probed.clear()
        self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.probed, [View(MEMBERS).owner_of(KEY)])

    # --- troubles ---

    def test_what_the_owner_did_not_take_goes_to_the_next_in_line(self):
        self.assertEqual(self.run_one(ERASE, Untaken("refused"), Untaken("refused"), Answered("done")), "done")
        self.assertEqual(self.nodes(), View(MEMBERS).owners_of(KEY, 3))

    def test_after_a_change_it_goes_to_the_new_owner(self):
        owner = View(MEMBERS).owner_of(KEY)

        def answer(part):
            if part.node == owner:
                self.members = [name for name in MEMBERS if name != owner]
                self.now += 1
                return Untaken("p2p:draining: ")
            return Answered("done")

        self.run_job(OneCall(Call(ERASE, KEY, "request")), answer)
        self.assertEqual(self.nodes(), [owner, View(self.members).owner_of(KEY)])

    def test_a_change_whose_connection_broke_is_not_repeated(self):
        for kind in (WRITE, ERASE):
            self.sent.clear()
            with self.assertRaises(Unknown):
                self.run_one(kind, Lost("closed"))
            self.assertEqual(len(self.sent), 1)

    def test_a_read_is_and_what_its_caller_calls_repeatable(self):
        for kind in (READ, REPEATABLE):
            self.assertEqual(self.run_one(kind, Lost("closed"), Answered("done")), "done")

    def test_a_write_that_may_have_been_executed_stays_unknown_whatever_comes_after(self):
        for last in (Untaken("refused"), Untaken("no such method", INVALID), Oversized("too large")):
            with self.assertRaises(Unknown):
                self.run_one(REPEATABLE, Lost("closed"), *[last] * ATTEMPTS_MAX)

    def test_a_change_that_never_left_has_failed(self):
        for kind in (WRITE, ERASE):
            with self.assertRaises(Failed) as caught:
                self.run_one(kind, *[Untaken("refused")] * ATTEMPTS_MAX)
            self.assertIn("refused", caught.exception.cause)

    def test_what_no_owner_could_be_reached_for_is_tried_until_the_deadline_and_has_failed(self):
        with self.assertRaises(Failed) as caught:
            self.run_one(CALL, *[fault("p2p:not-executed: b:1: refused")] * ATTEMPTS_MAX, seconds=5.0)
        self.assertNotIsInstance(caught.exception, Rejected)
        self.assertIn("p2p:not-executed", caught.exception.cause)
        self.assertGreater(self.now, 5.0 - 2 * PAUSE_SECONDS_MAX)

    def test_what_a_node_has_lost_sight_of_is_repeated_only_where_that_is_harmless(self):
        lost = fault("p2p:unknown-outcome: no answer")
        self.assertEqual(self.run_one(REPEATABLE, lost, lost, Answered("done")), "done")
        self.sent.clear()
        with self.assertRaises(Unknown):
            self.run_one(CALL, lost)
        self.assertEqual(len(self.sent), 1)

    def test_a_service_that_fails_is_not_asked_again(self):
        with self.assertRaises(Unknown):
            self.run_one(REPEATABLE, fault("the handler threw"))
        self.assertEqual(len(self.sent), 1)

    def test_what_no_node_takes_is_rejected_at_once(self):
        with self.assertRaises(Rejected):
            self.run_one(WRITE, Untaken("no such method", INVALID))
        self.assertEqual(len(self.sent), 1)

    def test_a_declared_exception_is_the_callers(self):
        with self.assertRaises(StoreError):
            self.run_one(ERASE, Raised(StoreError()))

    def test_the_first_repetition_comes_at_once_unless_the_node_wants_a_pause(self):
        for first, pauses in ((Untaken("refused"), 0), (fault("p2p:overloaded: x"), 1)):
            before = self.now
            self.run_one(ERASE, first, Answered("done"))
            self.assertEqual(self.now > before, bool(pauses), first.why)
        before = self.now
        self.run_one(ERASE, Untaken("refused"), Untaken("refused"), Answered("done"))
        self.assertGreater(self.now, before)

    def test_who_is_full_is_asked_again_and_who_has_the_service_disabled_is_not(self):
        self.run_one(ERASE, fault("p2p:overloaded: x"), Answered("done"))
        self.assertEqual(self.nodes(), [View(MEMBERS).owner_of(KEY)] * 2)
        self.sent.clear()
        disabled = outcome_of_exception(TApplicationException(TApplicationException.UNKNOWN_METHOD, "p2p:disabled: x"))
        self.run_one(ERASE, disabled, disabled, Answered("done"))
        self.assertEqual(self.nodes(), View(MEMBERS).owners_of(KEY, 3))

    # --- limits ---

    def test_a_client_that_is_closed_ends_it_at_the_next_pause(self):
        for first, error in ((fault("p2p:overloaded: x"), Failed), (fault("p2p:unknown-outcome: x"), Unknown)):
            job = OneCall(Call(REPEATABLE, KEY, "request"))
            self.views.learnt(MEMBERS, self.now)
            self.views.answers(View(MEMBERS).owner_of(KEY))
            rounds = Rounds(job, self.views, self.now + 5.0, lambda: self.now)
            steps = rounds.run()
            self.assertIsInstance(next(steps), Send)
            self.assertIsInstance(steps.send([first]), Pause)
            rounds.end_soon()
            effect = next(steps)
            while not isinstance(effect, Send):
                effect = steps.send([Untaken("closed")] if isinstance(effect, Probe) else None)
            self.assertRaises(StopIteration, steps.send, [Untaken("the client is closed")])
            self.assertRaises(error, job.result)

    def test_it_ends_before_the_deadline_and_does_not_hurry(self):
        with self.assertRaises(Failed):
            self.run_one(READ, *[Untaken("refused")] * ATTEMPTS_MAX, seconds=5.0)
        self.assertLessEqual(self.now, 5.0)
        self.assertGreater(self.now, 5.0 - 2 * PAUSE_SECONDS_MAX)
        self.assertLess(len(self.sent), 5.0 / PAUSE_SECONDS_MAX + 10)

    def test_it_ends_after_so_many_attempts_however_far_the_deadline_is(self):
        with self.assertRaises(Failed):
            self.run_job(OneCall(Call(READ, KEY, "request")), lambda _: Untaken("refused"), seconds=1e9)
        self.assertEqual(len(self.sent), ATTEMPTS_MAX)

    def test_a_network_that_nobody_tells_about_is_a_failure(self):
        self.members = []
        with self.assertRaises(Failed):
            self.run_one(WRITE)
        self.assertEqual(self.sent, [])

    def test_nothing_to_do_asks_for_nothing(self):
        self.assertEqual(self.run_job(batch(READ, []), None), [])
        self.assertEqual(self.learnt, 0)

    # --- batches ---

    def test_only_what_was_not_done_goes_out_again(self):
        keys = [b"%d" % number for number in range(100)]
        refused_once = {MEMBERS[0]}

        def answer(part):
            if part.node in refused_once:
                refused_once.discard(part.node)
                return Untaken("refused")
            return Answered([key.decode() for key in part.request])

        self.assertEqual(self.run_job(batch(ERASE, keys), answer), [key.decode() for key in keys])
        first, second = self.sent
        undone = next(part for part in first if part.node == MEMBERS[0])
        self.assertEqual(sorted(index for part in second for index in part.indexes), undone.indexes)
        self.assertNotIn(MEMBERS[0], [part.node for part in second])

    def test_a_part_that_is_too_large_is_asked_in_smaller_ones_without_a_pause(self):
        keys = [b"%d" % number for number in range(64)]
        got = self.run_job(batch(READ, keys), lambda part: Oversized("too large") if len(part.request) > 3
                           else Answered(list(part.request)))
        self.assertEqual(got, keys)
        self.assertEqual(self.now, 0.0)

    def test_each_key_of_a_broken_batch_has_its_own_word(self):
        keys = [b"%d" % number for number in range(100)]
        lost = MEMBERS[1]

        def answer(part):
            return Lost("closed") if part.node == lost else Answered(list(part.request))

        with self.assertRaises(Unknown) as caught:
            self.run_job(batch(ERASE, keys), answer)
        view = View(MEMBERS)
        for key, outcome in zip(keys, caught.exception.outcomes):
            if view.owner_of(key) == lost:
                self.assertIsInstance(outcome, Unknown)
            else:
                self.assertEqual(outcome, key)


def batch(kind, keys):
    return Batch(kind, keys, lambda key: key, len, list)


if __name__ == "__main__":
    unittest.main()
