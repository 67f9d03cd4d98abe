"""Are writes tried again under their names, and are they never done under two (decision 44)? On a fake clock."""
import unittest

from p2p_client.errors import ConditionFailed, Unknown
from p2p_client.gen.diststore.ttypes import StoreError, StoreErrorKind, Version
from p2p_client.jobs import OneCall
from p2p_client.operations import OperationNames
from p2p_client.outcome import Answered, Lost
from p2p_client.rounds import Pause, Refresh, Rounds, Send
from p2p_client.store import _CallFactory, outcome_of_store_error
from p2p_client.view import Views

HIGHEST = 1 << 60


def refusal(kind, highest=None):
    return outcome_of_store_error(StoreError(kind=kind, message="why", operations_highest=highest))


class NamesTest(unittest.TestCase):
    def setUp(self):
        self.now = 100
        self.names = OperationNames(lambda: self.now)

    def test_numbers_rise_and_follow_the_clock(self):
        numbers = [self.names.next()[1], self.names.next()[1]]
        self.now = 50
        numbers.append(self.names.next()[1])
        self.now = 500
        numbers.append(self.names.next()[1])
        self.assertEqual(numbers, [100, 101, 102, 500])

    def test_a_clock_that_is_behind_is_made_up_for_once(self):
        client, refused = self.names.next()
        self.assertEqual(self.names.next_above(1000, refused), (client, 1001))
        self.now += 50
        self.assertEqual(self.names.next(), (client, 1051))
        self.assertEqual(self.names.next_above(900, 800), (client, 1052))

    def test_a_clock_that_is_ahead_is_made_up_for_under_another_name(self):
        self.now = 1_000_000
        client, refused = self.names.next()
        renamed = self.names.next_above(1000, refused)
        self.assertEqual(renamed[1], 1001)
        self.assertNotEqual(renamed[0], client)

    def test_a_forked_child_is_another_client(self):
        client, _ = self.names.next()
        self.names.after_fork()
        self.assertNotEqual(self.names.next()[0], client)


class NamedChangesTest(unittest.TestCase):
    def setUp(self):
        self.now = 0.0
        self.views = Views()
        self.views.level = 2
        self.calls = _CallFactory("diststore", 1 << 20)
        self.sent = []  # the operation of each attempt

    def run_one(self, call, *outcomes):
        answers = iter(outcomes)
        job = OneCall(call)
        steps = Rounds(job, self.views, 5.0, lambda: self.now).run()
        told = None
        while True:
            try:
                effect = steps.send(told)
            except StopIteration:
                return job.result()
            told = None
            if isinstance(effect, Refresh):
                self.views.start_refresh()
                self.views.update(["10.0.0.1:9900", "10.0.0.2:9900"], self.now)
            elif isinstance(effect, Send):
                self.sent += [part.request.arguments[-1].operation for part in effect.parts]
                told = [next(answers) for _ in effect.parts]
            elif isinstance(effect, Pause):
                self.now += effect.seconds
            else:
                told = [Answered([]) for _ in effect.nodes]

    def test_a_write_is_tried_again_under_its_name(self):
        written = self.run_one(self.calls.write("k", "v"), Lost("closed"), refusal(StoreErrorKind.unavailable), Answered("done"))
        self.assertEqual(written, "done")
        self.assertEqual([operation.again for operation in self.sent], [False, True, True])
        self.assertEqual(len({(operation.client, operation.number) for operation in self.sent}), 1)

    def test_what_was_surely_not_executed_is_no_other_attempt(self):
        self.run_one(self.calls.write("k", "v"), refusal(StoreErrorKind.not_executed), Answered("done"))
        self.assertEqual([operation.again for operation in self.sent], [False, False])

    def test_a_failed_condition_holds_for_all_attempts(self):
        with self.assertRaises(ConditionFailed):
            self.run_one(self.calls.erase("k", if_version=Version(1, 1)), Lost("closed"), refusal(StoreErrorKind.condition_failed))

    def test_a_number_that_is_too_low_is_replaced_where_nothing_has_been_done(self):
        self.run_one(self.calls.write("k", "v"), refusal(StoreErrorKind.operation_forgotten, HIGHEST), Answered("done"))
        self.assertGreater(self.sent[1].number, HIGHEST)
        self.assertFalse(self.sent[1].again)

    def test_what_is_forgotten_after_an_unknown_outcome_stays_unknown(self):
        with self.assertRaises(Unknown):
            self.run_one(self.calls.write("k", "v"), Lost("closed"), refusal(StoreErrorKind.operation_forgotten, HIGHEST))
        self.assertEqual(len(self.sent), 2)

    def test_where_not_all_members_know_names_there_are_none(self):
        self.views.level = 1
        with self.assertRaises(Unknown):
            self.run_one(self.calls.write("k", "v"), Lost("closed"))
        self.assertEqual(self.sent, [None])


if __name__ == "__main__":
    unittest.main()
