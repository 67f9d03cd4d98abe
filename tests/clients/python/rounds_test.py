"""Does a job end with the right outcome, whatever the network does? The tests apply the effects of the rounds, on a fake
clock that advances only when the rounds pause."""
import unittest

from thrift.Thrift import TApplicationException

from p2p_client.discovery import REFRESH_SECONDS_MAX
from p2p_client.errors import Failed, Rejected, Unknown
from p2p_client.faults import INVALID
from p2p_client.gen.diststore.ttypes import ReadResult, StoreError
from p2p_client.jobs import Batch, Call, OneCall
from p2p_client.outcome import Answered, Foreign, Kind, Lost, NotExecuted, Oversized, Raised, outcome_of_exception
from p2p_client.rounds import ATTEMPTS_MAX, PAUSE_SECONDS_MAX, Pause, Probe, Refresh, Rounds, Send
from p2p_client.store import ERASE, READ, WRITE
from p2p_client.view import SKIP_SECONDS, View, Views

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
        self.members = MEMBERS  # the nodes' answer to a request for the members
        self.sent = []  # the parts of every round
        self.refreshes = 0
        self.silent = set()  # nodes that accept probes and do not answer
        self.foreign = set()  # nodes that are not p2phost nodes
        self.probed = []
        self.probe_seconds = REFRESH_SECONDS_MAX  # how long a probe waits for a silent node

    def run_job(self, job, answer, seconds=5.0):
        """Applies the effects; answer(part) is the outcome of each part."""
        steps = Rounds(job, self.views, self.now + seconds, lambda: self.now).run()
        outcomes = None
        while True:
            try:
                effect = steps.send(outcomes)
            except StopIteration:
                return job.result()
            outcomes = None
            if isinstance(effect, Refresh):
                self.refreshes += 1
                self.views.start_refresh()
                self.views.update(self.members, self.now)
            elif isinstance(effect, Probe):
                self.probed += effect.nodes
                if self.silent & set(effect.nodes):
                    self.now += self.probe_seconds
                outcomes = [self.probe(node) for node in effect.nodes]
            elif isinstance(effect, Pause):
                self.now += effect.seconds
            else:
                self.assertIsInstance(effect, Send)
                self.sent.append(effect.parts)
                outcomes = [answer(part) for part in effect.parts]

    def probe(self, node):
        if node in self.foreign:
            return Foreign("Unknown function locator:get_all")
        return Lost("silent") if node in self.silent else Answered([])

    def run_one(self, kind, *outcomes, seconds=5.0):
        script = iter(outcomes)
        return self.run_job(OneCall(Call(kind, KEY, "request")), lambda _: next(script), seconds)

    def nodes(self):
        return [parts[0].node for parts in self.sent]

    # --- a ring that does not change ---

    def test_a_call_goes_to_the_owner_once(self):
        self.assertEqual(self.run_one(READ, Answered("value")), "value")
        self.assertEqual(self.nodes(), [View(MEMBERS).owner_of(KEY)])
        self.assertEqual(self.refreshes, 1)

    def test_replies_with_the_same_view_cause_no_refresh(self):
        for _ in range(10):
            self.run_one(READ, Answered(ReadResult(found=False, view=View(MEMBERS).fingerprint)))
            self.now += 0.9
        self.assertEqual(self.refreshes, 1)

    def test_a_reply_with_another_view_is_still_a_result(self):
        self.run_one(READ, Answered(ReadResult(found=False, view=1)))
        self.assertEqual(len(self.sent), 1)
        self.members = MEMBERS[:2]
        self.now += 0.1
        self.run_one(READ, Answered("value"))
        self.assertEqual(self.refreshes, 2)
        self.assertEqual(self.nodes()[-1], View(MEMBERS[:2]).owner_of(KEY))

    # --- nodes that do not answer ---

    def test_a_node_is_probed_only_before_its_first_call(self):
        for _ in range(3):
            self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.probed, [View(MEMBERS).owner_of(KEY)])

    def test_calls_for_a_silent_owner_go_through_another_node(self):
        first, second, third = View(MEMBERS).owners_of(KEY, 3)
        self.silent = {first, second}
        for _ in range(3):
            self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes(), [third] * 3)
        self.assertEqual(self.probed, [first, second, third])

    def test_a_silent_node_is_tried_again_later(self):
        first = View(MEMBERS).owner_of(KEY)
        self.silent = {first}
        self.run_one(ERASE, Answered("done"))
        self.silent = set()
        self.now += SKIP_SECONDS
        self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes()[-1], first)

    def test_a_silent_node_that_had_little_time_is_skipped_only_once(self):
        first, second, _ = View(MEMBERS).owners_of(KEY, 3)
        self.silent = {first}
        self.probe_seconds = REFRESH_SECONDS_MAX / 10
        self.run_one(ERASE, Answered("done"))
        self.silent = set()
        self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes(), [second, first])

    def test_when_all_nodes_are_silent_the_owner_is_tried(self):
        self.silent = set(MEMBERS)
        with self.assertRaises(Unknown):
            self.run_one(ERASE, Lost("no answer before the deadline"))
        self.assertEqual(self.nodes(), [View(MEMBERS).owner_of(KEY)])

    def test_calls_for_a_foreign_owner_go_through_another_node(self):
        first, second, _ = View(MEMBERS).owners_of(KEY, 3)
        self.foreign = {first}
        for _ in range(3):
            self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.nodes(), [second] * 3)
        self.assertEqual(self.probed, [first, second])

    def test_nothing_is_sent_when_all_nodes_are_foreign(self):
        self.foreign = set(MEMBERS)
        with self.assertRaises(Failed):
            self.run_one(ERASE)
        self.assertEqual(self.sent, [])

    def test_a_node_that_lost_a_call_is_probed_before_the_next(self):
        self.run_one(READ, Lost("closed"), Answered("done"))
        self.probed.clear()
        self.run_one(ERASE, Answered("done"))
        self.assertEqual(self.probed, [View(MEMBERS).owner_of(KEY)])

    # --- failed attempts ---

    def test_a_call_that_the_owner_refuses_goes_to_the_next_node(self):
        self.assertEqual(self.run_one(ERASE, NotExecuted("refused"), NotExecuted("refused"), Answered("done")), "done")
        self.assertEqual(self.nodes(), View(MEMBERS).owners_of(KEY, 3))

    def test_after_a_ring_change_a_call_goes_to_the_new_owner(self):
        owner = View(MEMBERS).owner_of(KEY)

        def answer(part):
            if part.node == owner:
                self.members = [name for name in MEMBERS if name != owner]
                self.now += 1
                return NotExecuted("p2p:draining: ")
            return Answered("done")

        self.run_job(OneCall(Call(ERASE, KEY, "request")), answer)
        self.assertEqual(self.nodes(), [owner, View(self.members).owner_of(KEY)])

    def test_a_lost_change_is_not_retried(self):
        for kind in (WRITE, ERASE):
            self.sent.clear()
            with self.assertRaises(Unknown):
                self.run_one(kind, Lost("closed"))
            self.assertEqual(len(self.sent), 1)

    def test_a_lost_read_or_repeatable_call_is_retried(self):
        for kind in (READ, REPEATABLE):
            self.assertEqual(self.run_one(kind, Lost("closed"), Answered("done")), "done")

    def test_a_change_that_may_have_been_executed_stays_unknown_after_any_later_outcome(self):
        for last in (NotExecuted("refused"), NotExecuted("no such method", INVALID), Oversized("too large")):
            with self.assertRaises(Unknown):
                self.run_one(REPEATABLE, Lost("closed"), *[last] * ATTEMPTS_MAX)

    def test_a_change_that_was_never_executed_has_failed(self):
        for kind in (WRITE, ERASE):
            with self.assertRaises(Failed) as caught:
                self.run_one(kind, *[NotExecuted("refused")] * ATTEMPTS_MAX)
            self.assertIn("refused", caught.exception.cause)

    def test_a_call_whose_owner_cannot_be_reached_is_retried_until_the_deadline_and_fails(self):
        with self.assertRaises(Failed) as caught:
            self.run_one(CALL, *[fault("p2p:not-executed: b:1: refused")] * ATTEMPTS_MAX, seconds=5.0)
        self.assertNotIsInstance(caught.exception, Rejected)
        self.assertIn("p2p:not-executed", caught.exception.cause)
        self.assertGreater(self.now, 5.0 - 2 * PAUSE_SECONDS_MAX)

    def test_a_forwarded_call_with_an_unknown_outcome_is_retried_only_if_repeatable(self):
        lost = fault("p2p:unknown-outcome: no answer")
        self.assertEqual(self.run_one(REPEATABLE, lost, lost, Answered("done")), "done")
        self.sent.clear()
        with self.assertRaises(Unknown):
            self.run_one(CALL, lost)
        self.assertEqual(len(self.sent), 1)

    def test_a_call_that_the_service_has_failed_is_not_retried(self):
        with self.assertRaises(Unknown):
            self.run_one(REPEATABLE, fault("the handler threw"))
        self.assertEqual(len(self.sent), 1)

    def test_a_call_that_no_node_can_execute_is_rejected_at_once(self):
        with self.assertRaises(Rejected):
            self.run_one(WRITE, NotExecuted("no such method", INVALID))
        self.assertEqual(len(self.sent), 1)

    def test_a_declared_exception_is_raised_to_the_caller(self):
        with self.assertRaises(StoreError):
            self.run_one(ERASE, Raised(StoreError()))

    def test_the_first_retry_comes_at_once_unless_the_node_is_overloaded(self):
        for first, pauses in ((NotExecuted("refused"), 0), (fault("p2p:overloaded: x"), 1)):
            before = self.now
            self.run_one(ERASE, first, Answered("done"))
            self.assertEqual(self.now > before, bool(pauses), first.why)
        before = self.now
        self.run_one(ERASE, NotExecuted("refused"), NotExecuted("refused"), Answered("done"))
        self.assertGreater(self.now, before)

    def test_an_overloaded_node_is_tried_again_and_one_with_a_disabled_service_is_not(self):
        self.run_one(ERASE, fault("p2p:overloaded: x"), Answered("done"))
        self.assertEqual(self.nodes(), [View(MEMBERS).owner_of(KEY)] * 2)
        self.sent.clear()
        disabled = outcome_of_exception(TApplicationException(TApplicationException.UNKNOWN_METHOD, "p2p:disabled: x"))
        self.run_one(ERASE, disabled, disabled, Answered("done"))
        self.assertEqual(self.nodes(), View(MEMBERS).owners_of(KEY, 3))

    # --- limits ---

    def test_after_closing_the_client_a_job_ends_with_the_next_round(self):
        for first, error in ((fault("p2p:overloaded: x"), Failed), (fault("p2p:unknown-outcome: x"), Unknown)):
            job = OneCall(Call(REPEATABLE, KEY, "request"))
            self.views.update(MEMBERS, self.now)
            self.views.note_answer(View(MEMBERS).owner_of(KEY))
            rounds = Rounds(job, self.views, self.now + 5.0, lambda: self.now)
            steps = rounds.run()
            self.assertIsInstance(next(steps), Send)
            self.assertIsInstance(steps.send([first]), Pause)
            rounds.end_soon()
            effect = next(steps)
            while not isinstance(effect, Send):
                effect = steps.send([NotExecuted("closed")] if isinstance(effect, Probe) else None)
            self.assertRaises(StopIteration, steps.send, [NotExecuted("the client is closed")])
            self.assertRaises(error, job.result)

    def test_a_job_ends_before_the_deadline_and_pauses_between_rounds(self):
        with self.assertRaises(Failed):
            self.run_one(READ, *[NotExecuted("refused")] * ATTEMPTS_MAX, seconds=5.0)
        self.assertLessEqual(self.now, 5.0)
        self.assertGreater(self.now, 5.0 - 2 * PAUSE_SECONDS_MAX)
        self.assertLess(len(self.sent), 5.0 / PAUSE_SECONDS_MAX + 10)

    def test_a_job_ends_after_the_maximum_of_attempts(self):
        with self.assertRaises(Failed):
            self.run_job(OneCall(Call(READ, KEY, "request")), lambda _: NotExecuted("refused"), seconds=1e9)
        self.assertEqual(len(self.sent), ATTEMPTS_MAX)

    def test_a_job_fails_when_no_node_returns_the_members(self):
        self.members = []
        with self.assertRaises(Failed):
            self.run_one(WRITE)
        self.assertEqual(self.sent, [])

    def test_an_empty_job_has_no_effects(self):
        self.assertEqual(self.run_job(batch(READ, []), None), [])
        self.assertEqual(self.refreshes, 0)

    # --- batches ---

    def test_only_keys_that_were_not_executed_are_retried(self):
        keys = [b"%d" % number for number in range(100)]
        refused_once = {MEMBERS[0]}

        def answer(part):
            if part.node in refused_once:
                refused_once.discard(part.node)
                return NotExecuted("refused")
            return Answered([key.decode() for key in part.request])

        self.assertEqual(self.run_job(batch(ERASE, keys), answer), [key.decode() for key in keys])
        first, second = self.sent
        unfinished = next(part for part in first if part.node == MEMBERS[0])
        self.assertEqual(sorted(index for part in second for index in part.indexes), unfinished.indexes)
        self.assertNotIn(MEMBERS[0], [part.node for part in second])

    def test_a_part_that_is_too_large_is_split_without_a_pause(self):
        keys = [b"%d" % number for number in range(64)]
        got = self.run_job(batch(READ, keys), lambda part: Oversized("too large") if len(part.request) > 3
                           else Answered(list(part.request)))
        self.assertEqual(got, keys)
        self.assertEqual(self.now, 0.0)

    def test_each_key_of_a_failed_batch_has_its_own_outcome(self):
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
