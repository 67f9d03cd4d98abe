"""What does each failed attempt mean? Tested with tests/vectors/faults.json, as nodes and the C++ client are."""
import json
import pathlib
import unittest

from thrift.Thrift import TApplicationException

from p2p_client import faults
from p2p_client.gen.diststore.ttypes import StoreError, StoreErrorKind
from p2p_client.outcome import Kind, Lost, Next, NotExecuted, Oversized, Raised, next_step, outcome_of, outcome_of_exception
from p2p_client.store import outcome_of_store_error

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "faults.json"

ONCE = Kind(is_change=True, is_repeatable=False)
REPEATABLE = Kind(is_change=True, is_repeatable=True)


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.golden = json.loads(VECTORS.read_text())

    def assert_row_as_said(self, fault, vector):
        self.assertEqual(fault.executed.name, vector["executed"])
        self.assertEqual(fault.where.name, vector["where"])
        self.assertEqual(fault.after.name, vector["after"])
        self.assertEqual(fault.notes, set(vector["notes"]))
        self.assertEqual(fault.kind, vector["kind"])

    def assert_as_said(self, outcome, vector):
        self.assertIs(type(outcome), NotExecuted if vector["executed"] == "no" else Lost)
        self.assert_row_as_said(outcome.fault, vector)
        self.assertIs(next_step(ONCE, outcome) is Next.again, vector["once"])
        self.assertIs(next_step(REPEATABLE, outcome) is Next.again, vector["repeatable"])

    def test_exceptions_of_nodes_mean_what_the_vectors_say(self):
        self.assertGreater(len(self.golden["exceptions"]), 10)
        for vector in self.golden["exceptions"]:
            with self.subTest(vector):
                outcome = outcome_of_exception(TApplicationException(vector["type"], vector["text"]))
                self.assert_as_said(outcome, vector)
                self.assertEqual(outcome.why, vector["text"])

    def test_errors_of_the_store_mean_what_the_vectors_say(self):
        named = {getattr(StoreErrorKind, name) for name in ("too_large", "too_many", "unavailable", "not_executed",
                                                        "condition_failed", "unsupported")}
        self.assertLess(named, {vector["number"] for vector in self.golden["store_errors"]})
        for vector in self.golden["store_errors"]:
            with self.subTest(vector):
                outcome = outcome_of_store_error(StoreError(vector["number"], "why"))
                if vector["number"] == StoreErrorKind.condition_failed:
                    self.assert_row_as_said(faults.fault_of_store_error(vector["number"]), vector)
                    self.assertIs(type(outcome), Raised)  # nothing failed: it is an answer
                    continue
                self.assertEqual(outcome.why, "why")
                if "too_much" in vector["notes"]:
                    self.assertIs(type(outcome), Oversized)
                else:
                    self.assert_as_said(outcome, vector)
                self.assert_row_as_said(faults.fault_of_store_error(vector["number"]), vector)

    def test_transport_faults_mean_what_the_vectors_say(self):
        self.assertEqual(set(faults.TRANSPORT), {vector["seen"] for vector in self.golden["transport"]})
        for vector in self.golden["transport"]:
            with self.subTest(vector):
                fault = faults.TRANSPORT[vector["seen"]]
                self.assert_as_said(outcome_of(fault, "why"), vector)
                self.assertIs(vector["once"] or "dropped" in fault.notes, vector["if_closed"])


if __name__ == "__main__":
    unittest.main()
