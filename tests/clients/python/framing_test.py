"""Does each reply reach its call, however the bytes are split, and are violations of the protocol detected?"""
import random
import struct
import unittest

from p2p_client.codec import message_length, sequence_of
from p2p_client.framing import FRAME_BYTES_MAX, REQUEST_BYTES_MIN, Framing, NotSent, checked_request_bytes_max
from p2p_client.gen.diststore.ttypes import ReadOptions
from p2p_client.outcome import NotExecuted, Oversized
from p2p_client.store import StoreRequest


def request():
    return StoreRequest("diststore", "read", b"k", ReadOptions())


def reply(sequence, padding=0):
    message = b"\x80\x01\x00\x02\x00\x00\x00\x04read" + struct.pack(">i", sequence) + b"\0" * (1 + padding)
    return struct.pack(">I", len(message)) + message


class MessageLengthTest(unittest.TestCase):
    def test_bytes_need_not_be_text(self):
        field = b"\x0b\0\1\0\0\0\4\x00\xeb\xde\x80"
        message = reply(1)[4:-1] + field + b"\0"
        for cut in range(len(message)):
            self.assertIsNone(message_length(message[:cut]))
        self.assertEqual(message_length(message + b"more"), len(message))


class FramingTest(unittest.TestCase):
    def setUp(self):
        self.framing = Framing()

    def test_a_call_carries_its_service_and_sequence_id(self):
        for sequence in (1, 2, 3):
            frame = self.framing.send(request(), "token")
            self.assertEqual(struct.unpack(">I", frame[:4])[0], len(frame) - 4)
            self.assertEqual(sequence_of(frame[4:]), sequence)
            self.assertIn(b"diststore:read", frame)

    def test_a_request_up_to_the_limit_is_sent_and_a_larger_one_is_not(self):
        size = len(request().encode(1)) - 4
        self.assertEqual(len(Framing(size).send(request(), "a")), size + 4)
        framing = Framing(size - 1)
        with self.assertRaises(NotSent) as caught:
            framing.send(request(), "a")
        self.assertIsInstance(caught.exception.outcome, Oversized)
        self.assertEqual(len(framing), 0)

    def test_arguments_of_wrong_types_are_not_sent(self):
        with self.assertRaises(NotSent) as caught:
            self.framing.send(StoreRequest("diststore", "read", 7, ReadOptions()), "a")
        self.assertEqual((type(caught.exception.outcome), caught.exception.outcome.fault.is_transient), (NotExecuted, False))
        self.assertEqual(len(self.framing), 0)

    def test_a_limit_that_no_node_can_have_is_refused(self):
        for count in (REQUEST_BYTES_MIN, FRAME_BYTES_MAX - 1):
            self.assertEqual(checked_request_bytes_max(count), count)
        for count in (-1, 0, REQUEST_BYTES_MIN - 1, FRAME_BYTES_MAX):
            self.assertRaises(ValueError, checked_request_bytes_max, count)

    def test_replies_are_recognised_however_they_are_split(self):
        chance = random.Random(7)
        for _ in range(50):
            framing = Framing()
            for token in range(20):
                framing.send(request(), token)
            stream = b"".join(reply(token + 1, chance.randrange(200)) for token in range(20))
            cuts = sorted(chance.randrange(len(stream)) for _ in range(chance.randrange(60)))
            got = []
            for begin, end in zip([0, *cuts], [*cuts, len(stream)]):
                got += [token for token, _ in framing.receive(stream[begin:end])]
            self.assertEqual(got, list(range(20)))
            self.assertEqual(len(framing), 0)

    def test_a_reply_out_of_order_is_a_violation(self):
        self.framing.send(request(), "a")
        self.framing.send(request(), "b")
        self.assertRaises(ValueError, self.framing.receive, reply(2))

    def test_a_call_whose_reply_is_malformed_still_waits(self):
        for wrong in (reply(2), struct.pack(">I", 3) + b"abc", struct.pack(">I", FRAME_BYTES_MAX + 1)):
            framing = Framing()
            framing.send(request(), "a")
            framing.send(request(), "b")
            with self.subTest(wrong):
                self.assertRaises(ValueError, framing.receive, wrong)
                self.assertEqual(framing.tokens(), ["a", "b"])

    def test_replies_before_a_protocol_violation_count(self):
        self.framing.send(request(), "a")
        self.framing.send(request(), "b")
        self.framing.check()
        self.assertEqual([token for token, _ in self.framing.receive(reply(1) + reply(1) + reply(2))], ["a"])
        self.assertEqual(self.framing.tokens(), ["b"])
        self.assertRaises(ValueError, self.framing.check)
        for _ in range(2):  # later replies are refused, too
            self.assertRaises(ValueError, self.framing.receive, reply(2))
        self.assertEqual(self.framing.tokens(), ["b"])

    def test_the_beginning_of_a_reply_to_no_request_is_a_violation(self):
        self.framing.send(request(), "a")
        self.assertEqual(len(self.framing.receive(reply(1) + reply(2)[:3])), 1)
        self.assertRaises(ValueError, self.framing.check)

    def test_a_reply_to_no_request_is_a_violation(self):
        self.assertRaises(ValueError, self.framing.receive, reply(1))

    def test_bytes_that_are_not_a_reply_are_a_violation(self):
        for bytes_ in (struct.pack(">I", FRAME_BYTES_MAX + 1), struct.pack(">I", 3) + b"abc",
                       struct.pack(">I", 8) + b"\x80\x01\x00\x02\x00\x00\x00\xff",
                       struct.pack(">I", 12) + b"\x82" * 12):
            framing = Framing()
            framing.send(request(), "a")
            with self.subTest(bytes_), self.assertRaises(ValueError):
                framing.receive(bytes_)

    def test_drop_returns_the_calls_without_a_reply(self):
        self.framing.send(request(), "a")
        self.framing.send(request(), "b")
        self.framing.receive(reply(1))
        self.assertEqual(self.framing.drop(), ["b"])
        self.assertEqual(len(self.framing), 0)


if __name__ == "__main__":
    unittest.main()
