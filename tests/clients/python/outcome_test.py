"""What follows an attempt? Nothing whose outcome is unknown is ever called failed, and nothing is repeated that must
not be."""
import itertools
import unittest

from thrift.Thrift import TApplicationException

from p2p_client.codec import Request
from p2p_client.faults import CLOSED, INVALID, PROTOCOL
from p2p_client.gen.diststore import Store
from p2p_client.gen.diststore.ttypes import StoreError, StoreErrorKind
from p2p_client.outcome import (Answered, Kind, Lost, Next, Oversized, Raised, Untaken, next_step, outcome_of_exception,
                                when_time_is_over)
from p2p_client.store import ERASE, READ, WRITE, outcome_of_store_error

CALL = Kind(is_change=True, is_repeatable=False)
REPEATABLE = Kind(is_change=True, is_repeatable=True)
KINDS = (READ, WRITE, ERASE, CALL)


class NextStepTest(unittest.TestCase):
    def test_what_was_answered_is_done(self):
        for kind in KINDS:
            self.assertIs(next_step(kind, Answered(1)), Next.done)
            self.assertIs(next_step(kind, Raised(StoreError())), Next.done)

    def test_what_was_surely_not_executed_is_tried_again_whatever_it_is(self):
        for kind in KINDS:
            self.assertIs(next_step(kind, Untaken("refused")), Next.again)
            self.assertIs(next_step(kind, Untaken("no such method", INVALID)), Next.rejected)

    def test_what_may_have_been_executed_is_repeated_only_where_that_is_harmless(self):
        self.assertIs(next_step(READ, Lost("closed")), Next.again)
        self.assertIs(next_step(REPEATABLE, Lost("closed")), Next.again)
        self.assertIs(next_step(WRITE, Lost("closed")), Next.unknown)
        self.assertIs(next_step(ERASE, Lost("closed")), Next.unknown)
        self.assertIs(next_step(CALL, Lost("closed")), Next.unknown)

    def test_no_change_that_was_lost_is_called_failed(self):
        for kind, fault in itertools.product((WRITE, ERASE, CALL), (CLOSED, PROTOCOL)):
            self.assertIn(next_step(kind, Lost("?", fault)), (Next.again, Next.unknown))
            self.assertIs(when_time_is_over(kind, was_lost=True), Next.unknown)

    def test_a_read_without_a_result_has_failed(self):
        self.assertIs(next_step(READ, Lost("the handler threw", PROTOCOL)), Next.failed)
        self.assertIs(when_time_is_over(READ, was_lost=True), Next.failed)

    def test_what_never_left_has_failed(self):
        for kind in KINDS:
            self.assertIs(when_time_is_over(kind, was_lost=False), Next.failed)

    def test_a_part_that_is_too_large_is_halved_until_it_is_one_key(self):
        self.assertIs(next_step(READ, Oversized("too large"), keys=2), Next.halved)
        self.assertIs(next_step(READ, Oversized("too large"), keys=1), Next.rejected)


class FaultTest(unittest.TestCase):
    def outcome(self, kind, text):
        return outcome_of_exception(TApplicationException(kind, text))

    def test_a_service_that_is_stopping_or_full_has_not_taken_the_call(self):
        for prefix in ("p2p:draining: ", "p2p:disabled: "):
            outcome = self.outcome(TApplicationException.UNKNOWN_METHOD, prefix + "service 'x'")
            self.assertEqual((type(outcome), outcome.fault.is_passing), (Untaken, True))
        outcome = self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:overloaded: 10 calls wait already")
        self.assertEqual((type(outcome), outcome.fault.is_passing), (Untaken, True))

    def test_a_call_whose_owner_could_not_be_reached_was_not_executed_and_may_be_soon(self):
        outcome = self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:not-executed: counter:value: refused")
        self.assertEqual((type(outcome), outcome.fault.is_passing), (Untaken, True))

    def test_a_call_that_a_node_has_lost_sight_of_may_be_repeated(self):
        outcome = self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:unknown-outcome: no answer")
        self.assertEqual((type(outcome), outcome.fault.is_passing), (Lost, True))

    def test_what_a_node_does_not_know_is_asked_in_vain(self):
        for kind, text in ((TApplicationException.UNKNOWN_METHOD, "p2p:unknown: no service 'x'"),
                           (TApplicationException.UNKNOWN_METHOD, "service 'x' has no method 'y'"),
                           (TApplicationException.UNKNOWN_METHOD, "p2p:unroutable: the route refuses 'clear'"),
                           (TApplicationException.PROTOCOL_ERROR, "p2p:no-key: counter:value: field 1 is missing"),
                           (TApplicationException.PROTOCOL_ERROR, "p2p:bad-key: counter:value: field 1 is a double"),
                           (TApplicationException.PROTOCOL_ERROR, "the arguments could not be read")):
            outcome = self.outcome(kind, text)
            self.assertEqual((type(outcome), outcome.fault.is_passing), (Untaken, False))

    def test_any_other_fault_tells_nothing_and_would_come_again(self):
        for kind, text in (*((TApplicationException.INTERNAL_ERROR, text) for text in
                             ("the handler threw", "no answer within [host] call_timeout", "", " p2p:overloaded: x")),
                           (TApplicationException.UNKNOWN, None)):
            outcome = self.outcome(kind, text)
            self.assertEqual((type(outcome), outcome.fault.is_passing), (Lost, False))

    def test_a_text_that_a_service_passes_on_proves_nothing(self):
        # Generated processors answer UNKNOWN when a handler throws: it has been executed, up to there.
        for text in ("p2p:draining: x", "p2p:overloaded: x", "p2p:not-executed: x", "p2p:unknown-outcome: x"):
            outcome = self.outcome(TApplicationException.UNKNOWN, text)
            self.assertEqual((type(outcome), outcome.fault.is_passing), (Lost, False))
        self.assertIsInstance(self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:draining: x"), Lost)


class StoreErrorTest(unittest.TestCase):
    def test_unavailable_tells_nothing(self):
        outcome = outcome_of_store_error(StoreError(StoreErrorKind.unavailable, "no answer"))
        self.assertEqual((type(outcome), outcome.fault.is_passing), (Lost, True))

    def test_what_was_not_executed_is_tried_again(self):
        outcome = outcome_of_store_error(StoreError(StoreErrorKind.not_executed, "nobody owns the key"))
        self.assertEqual((type(outcome), outcome.why, outcome.fault.is_passing), (Untaken, "nobody owns the key", True))
        for kind in (Kind(is_change=True, is_repeatable=False), Kind(is_change=False, is_repeatable=True)):
            self.assertIs(next_step(kind, outcome), Next.again)

    def test_limits_are_surely_not_executed(self):
        for kind in (StoreErrorKind.too_large, StoreErrorKind.too_many):
            self.assertIsInstance(outcome_of_store_error(StoreError(kind, "limit")), Oversized)

    def test_a_kind_of_later_versions_tells_nothing(self):
        self.assertIsInstance(outcome_of_store_error(StoreError(99, "")), Lost)


class BytesTest(unittest.TestCase):
    def test_bytes_that_are_no_reply_tell_nothing(self):
        request = Request("diststore", Store.Client, "read", (b"k", None))
        whole = b"\x80\x01\x00\x02\x00\x00\x00\x04read\x00\x00\x00\x01"
        for message in (b"", b"\x80\x01", whole, whole + b"\x0c\x00\x00\x02", b"\xff" * 40, whole[:12] + b"\xff" * 30):
            with self.subTest(message):
                self.assertEqual(type(request.outcome_of(message)), Lost)


if __name__ == "__main__":
    unittest.main()
