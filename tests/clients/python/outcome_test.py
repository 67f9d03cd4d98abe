"""What follows an attempt? A call whose outcome is unknown is never reported as failed, and none is retried that must not
be."""
import itertools
import unittest

from thrift.Thrift import TApplicationException

from p2p_client.codec import Request
from p2p_client.errors import ConditionFailed
from p2p_client.faults import CLOSED, INVALID, PROTOCOL
from p2p_client.gen.diststore import Store
from p2p_client.gen.diststore.ttypes import ScanOptions, StoreError, StoreErrorKind, Version, WriteOptions
from p2p_client.outcome import (Answered, Kind, Lost, Next, Oversized, Raised, NotExecuted, next_step, outcome_of_exception,
                                step_at_deadline)
from p2p_client.store import ERASE, READ, WRITE, _CallFactory, options_of, outcome_of_store_error

CALL = Kind(is_change=True, is_repeatable=False)
REPEATABLE = Kind(is_change=True, is_repeatable=True)
KINDS = (READ, WRITE, ERASE, CALL)


class NextStepTest(unittest.TestCase):
    def test_an_answered_call_is_done(self):
        for kind in KINDS:
            self.assertIs(next_step(kind, Answered(1)), Next.done)
            self.assertIs(next_step(kind, Raised(StoreError())), Next.done)

    def test_a_call_that_was_not_executed_is_retried_whatever_its_kind(self):
        for kind in KINDS:
            self.assertIs(next_step(kind, NotExecuted("refused")), Next.again)
            self.assertIs(next_step(kind, NotExecuted("no such method", INVALID)), Next.rejected)

    def test_a_call_that_may_have_been_executed_is_retried_only_if_repeatable(self):
        self.assertIs(next_step(READ, Lost("closed")), Next.again)
        self.assertIs(next_step(REPEATABLE, Lost("closed")), Next.again)
        self.assertIs(next_step(WRITE, Lost("closed")), Next.unknown)
        self.assertIs(next_step(ERASE, Lost("closed")), Next.unknown)
        self.assertIs(next_step(CALL, Lost("closed")), Next.unknown)

    def test_a_lost_change_is_never_failed(self):
        for kind, fault in itertools.product((WRITE, ERASE, CALL), (CLOSED, PROTOCOL)):
            self.assertIn(next_step(kind, Lost("?", fault)), (Next.again, Next.unknown))
            self.assertIs(step_at_deadline(kind, was_lost=True), Next.unknown)

    def test_a_read_without_a_result_has_failed(self):
        self.assertIs(next_step(READ, Lost("the handler threw", PROTOCOL)), Next.failed)
        self.assertIs(step_at_deadline(READ, was_lost=True), Next.failed)

    def test_a_call_that_was_never_executed_has_failed(self):
        for kind in KINDS:
            self.assertIs(step_at_deadline(kind, was_lost=False), Next.failed)

    def test_a_part_that_is_too_large_is_halved_unless_it_has_one_key(self):
        self.assertIs(next_step(READ, Oversized("too large"), keys=2), Next.halved)
        self.assertIs(next_step(READ, Oversized("too large"), keys=1), Next.rejected)


class FaultTest(unittest.TestCase):
    def outcome(self, kind, text):
        return outcome_of_exception(TApplicationException(kind, text))

    def test_a_service_that_is_stopping_or_overloaded_has_not_executed_the_call(self):
        for prefix in ("p2p:draining: ", "p2p:disabled: "):
            outcome = self.outcome(TApplicationException.UNKNOWN_METHOD, prefix + "service 'x'")
            self.assertEqual((type(outcome), outcome.fault.is_transient), (NotExecuted, True))
        outcome = self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:overloaded: 10 calls wait already")
        self.assertEqual((type(outcome), outcome.fault.is_transient), (NotExecuted, True))

    def test_a_call_whose_owner_could_not_be_reached_was_not_executed_and_may_be_retried(self):
        outcome = self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:not-executed: counter:value: refused")
        self.assertEqual((type(outcome), outcome.fault.is_transient), (NotExecuted, True))

    def test_a_forwarded_call_with_an_unknown_outcome_may_be_retried(self):
        outcome = self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:unknown-outcome: no answer")
        self.assertEqual((type(outcome), outcome.fault.is_transient), (Lost, True))

    def test_a_call_that_no_node_can_execute_is_not_retried(self):
        for kind, text in ((TApplicationException.UNKNOWN_METHOD, "p2p:unknown: no service 'x'"),
                           (TApplicationException.UNKNOWN_METHOD, "service 'x' has no method 'y'"),
                           (TApplicationException.UNKNOWN_METHOD, "p2p:unroutable: the route refuses 'clear'"),
                           (TApplicationException.PROTOCOL_ERROR, "p2p:no-key: counter:value: field 1 is missing"),
                           (TApplicationException.PROTOCOL_ERROR, "p2p:bad-key: counter:value: field 1 is a double"),
                           (TApplicationException.PROTOCOL_ERROR, "the arguments could not be read")):
            outcome = self.outcome(kind, text)
            self.assertEqual((type(outcome), outcome.fault.is_transient), (NotExecuted, False))

    def test_after_any_other_fault_the_outcome_is_unknown_and_a_retry_pointless(self):
        for kind, text in (*((TApplicationException.INTERNAL_ERROR, text) for text in
                             ("the handler threw", "no answer within [host] call_timeout", "", " p2p:overloaded: x")),
                           (TApplicationException.UNKNOWN, None)):
            outcome = self.outcome(kind, text)
            self.assertEqual((type(outcome), outcome.fault.is_transient), (Lost, False))

    def test_a_prefix_in_an_exception_of_the_service_itself_proves_nothing(self):
        # Generated processors answer UNKNOWN when a handler throws, that is, after it was executed in part.
        for text in ("p2p:draining: x", "p2p:overloaded: x", "p2p:not-executed: x", "p2p:unknown-outcome: x"):
            outcome = self.outcome(TApplicationException.UNKNOWN, text)
            self.assertEqual((type(outcome), outcome.fault.is_transient), (Lost, False))
        self.assertIsInstance(self.outcome(TApplicationException.INTERNAL_ERROR, "p2p:draining: x"), Lost)


class StoreErrorTest(unittest.TestCase):
    def test_after_unavailable_the_outcome_is_unknown(self):
        outcome = outcome_of_store_error(StoreError(StoreErrorKind.unavailable, "no answer"))
        self.assertEqual((type(outcome), outcome.fault.is_transient), (Lost, True))

    def test_after_not_executed_the_call_is_retried(self):
        outcome = outcome_of_store_error(StoreError(StoreErrorKind.not_executed, "nobody owns the key"))
        self.assertEqual((type(outcome), outcome.why, outcome.fault.is_transient), (NotExecuted, "nobody owns the key", True))
        for kind in (Kind(is_change=True, is_repeatable=False), Kind(is_change=False, is_repeatable=True)):
            self.assertIs(next_step(kind, outcome), Next.again)

    def test_a_call_above_a_limit_was_not_executed(self):
        for kind in (StoreErrorKind.too_large, StoreErrorKind.too_many):
            self.assertIsInstance(outcome_of_store_error(StoreError(kind, "limit")), Oversized)

    def test_a_condition_that_was_not_met_is_passed_to_the_caller_with_what_is_there(self):
        there = Version(3, 17)
        outcome = outcome_of_store_error(StoreError(StoreErrorKind.condition_failed, "another version", there))
        self.assertIsInstance(outcome.exception, ConditionFailed)
        self.assertEqual(outcome.exception.version, there)
        self.assertIs(next_step(WRITE, outcome), Next.done)
        absent = outcome_of_store_error(StoreError(StoreErrorKind.condition_failed, "no such key"))
        self.assertIsNone(absent.exception.version)

    def test_at_most_one_condition_is_sent(self):
        self.assertEqual(options_of(Version(3, 17), False).if_version, Version(3, 17))
        self.assertTrue(options_of(None, True).if_absent)
        self.assertEqual(options_of(None, False), WriteOptions())
        with self.assertRaises(ValueError):
            options_of(Version(3, 17), True)

    def test_a_scan_is_a_read_that_any_node_can_go_on_with(self):
        made = _CallFactory("diststore", 1 << 20).scan(b"\0cursor", "pre", 5, True)
        self.assertEqual((made.kind, made.key), (READ, b"\0cursor"))
        self.assertEqual(made.request.arguments, (b"\0cursor", ScanOptions(limit=5, prefix=b"pre", values=True)))
        self.assertEqual(_CallFactory("diststore", 1 << 20).scan(b"", b"", None, False).request.arguments, (b"", ScanOptions()))

    def test_after_an_error_of_an_unknown_kind_the_outcome_is_unknown(self):
        self.assertIsInstance(outcome_of_store_error(StoreError(99, "")), Lost)


class BytesTest(unittest.TestCase):
    def test_after_a_malformed_reply_the_outcome_is_unknown(self):
        request = Request("diststore", Store.Client, "read", (b"k", None))
        whole = b"\x80\x01\x00\x02\x00\x00\x00\x04read\x00\x00\x00\x01"
        for message in (b"", b"\x80\x01", whole, whole + b"\x0c\x00\x00\x02", b"\xff" * 40, whole[:12] + b"\xff" * 30):
            with self.subTest(message):
                self.assertEqual(type(request.outcome_of(message)), Lost)


if __name__ == "__main__":
    unittest.main()
