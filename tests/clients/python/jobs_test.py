"""Are batches split by owner, and are the results joined in the order of the keys?"""
import unittest

from p2p_client.errors import Failed, Rejected, Unknown
from p2p_client.framing import FRAME_BYTES_MAX, REQUEST_BYTES_MAX
from p2p_client.gen.diststore.ttypes import ReadResult
from p2p_client.jobs import (PART_BYTES_MAX, PART_KEYS_MAX, Batch, Call, ManyCalls, OneCall, fingerprints_of,
                             part_bytes_max)
from p2p_client.outcome import Answered, Lost
from p2p_client.store import ERASE, READ, WRITE


def batch(keys, kind=READ):
    return Batch(kind, keys, lambda key: key, len, lambda part: list(part))


def all_of(job):
    return range(len(job.outcomes))


class BatchTest(unittest.TestCase):
    def test_each_owner_gets_one_message_with_its_keys(self):
        job = batch([b"a", b"B", b"c", b"D", b"e"])
        parts = job.parts(all_of(job), lambda index: "upper" if job.key(index).isupper() else "lower")
        self.assertEqual({part.node: part.request for part in parts},
                         {"lower": [b"a", b"c", b"e"], "upper": [b"B", b"D"]})

    def test_results_come_back_in_the_order_of_the_keys(self):
        keys = [b"%d" % number for number in range(1_000)]
        job = batch(keys)
        for part in reversed(job.parts(all_of(job), lambda index: f"n{int(job.key(index)) % 7}")):
            self.assertIsNone(job.accept_reply(part, [int(key) for key in part.request]))
        self.assertEqual(job.result(), list(range(1_000)))

    def test_a_key_given_twice_has_two_results(self):
        job = batch([b"a", b"a"])
        (part,) = job.parts(all_of(job), lambda _: "n")
        job.accept_reply(part, [1, 2])
        self.assertEqual(job.result(), [1, 2])

    def test_parts_stay_within_their_limits(self):
        job = batch([b"k"] * (2 * PART_KEYS_MAX + 1))
        self.assertEqual([len(part.indexes) for part in job.parts(all_of(job), lambda _: "n")],
                         [PART_KEYS_MAX, PART_KEYS_MAX, 1])
        job = batch([b"x" * (PART_BYTES_MAX // 2)] * 3 + [b"x" * (PART_BYTES_MAX + 1)])
        self.assertEqual([len(part.indexes) for part in job.parts(all_of(job), lambda _: "n")], [2, 1, 1])

    def test_parts_stay_below_the_limit_of_a_request(self):
        self.assertEqual(part_bytes_max(REQUEST_BYTES_MAX), PART_BYTES_MAX)
        self.assertEqual(part_bytes_max(FRAME_BYTES_MAX), PART_BYTES_MAX)
        limit = part_bytes_max(64 << 10)
        self.assertLess(limit, 64 << 10)
        job = Batch(READ, [b"x" * (limit // 2)] * 3 + [b"x" * (64 << 10)] * 2, lambda key: key, len, list, limit)
        self.assertEqual([len(part.indexes) for part in job.parts(all_of(job), lambda _: "n")], [2, 1, 1, 1])

    def test_halving_ends_at_one_key(self):
        job = batch([b"k"] * 5)
        sizes = []
        for _ in range(4):
            parts = job.parts(all_of(job), lambda _: "n")
            sizes.append(max(len(part.indexes) for part in parts))
            job.halve(parts[0])
        self.assertEqual(sizes, [5, 2, 1, 1])

    def test_a_reply_that_does_not_match_the_request_leaves_the_outcome_unknown(self):
        job = batch([b"a", b"b"])
        (part,) = job.parts(all_of(job), lambda _: "n")
        for values in ([1], [1, 2, 3], None, "ab"):
            self.assertIsInstance(job.accept_reply(part, values), Lost)
        self.assertEqual(job.outcomes, [None, None])


class ResultTest(unittest.TestCase):
    def raised(self, kind, *outcomes):
        job = batch([b"k"] * len(outcomes), kind)
        job.outcomes = list(outcomes)
        with self.assertRaises(Exception) as caught:
            job.result()
        self.assertEqual(caught.exception.outcomes, list(outcomes))
        return type(caught.exception)

    def test_a_batch_has_failed_only_if_none_of_it_was_executed(self):
        for kind in (WRITE, ERASE):
            self.assertIs(self.raised(kind, Failed("x"), Rejected("y")), Failed)
            self.assertIs(self.raised(kind, Rejected("x"), Rejected("y")), Rejected)
            self.assertIs(self.raised(kind, Failed("x"), "done"), Unknown)
            self.assertIs(self.raised(kind, Failed("x"), Unknown("y")), Unknown)

    def test_a_batch_of_reads_with_errors_has_failed(self):
        self.assertIs(self.raised(READ, Failed("x"), "done"), Failed)

    def test_an_empty_batch_has_an_empty_result(self):
        self.assertEqual(batch([]).result(), [])

    def test_one_call_has_its_own_result_or_error(self):
        job = OneCall(Call(ERASE, b"k", None))
        job.outcomes[0] = Unknown("x")
        self.assertRaises(Unknown, job.result)

    def test_a_pipeline_is_unknown_if_one_of_its_changes_is(self):
        job = ManyCalls([Call(READ, b"a", None), Call(ERASE, b"b", None)])
        job.outcomes = ["value", Unknown("x")]
        self.assertRaises(Unknown, job.result)


class FingerprintsTest(unittest.TestCase):
    def test_each_fingerprint_of_a_reply_is_returned_once(self):
        results = [ReadResult(found=False, view=view) for view in (7, 7, None, 8)]
        self.assertEqual(set(fingerprints_of(Answered(results))), {7, 8})
        self.assertEqual(tuple(fingerprints_of(Answered(results[0]))), (7,))

    def test_replies_of_other_services_have_no_fingerprints(self):
        for value in (None, "text", 7, [], ["a"], {}):
            self.assertFalse(fingerprints_of(Answered(value)))


if __name__ == "__main__":
    unittest.main()
