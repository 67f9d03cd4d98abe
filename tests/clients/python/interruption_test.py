"""Is an exception of a signal handler distinguished from one that a connection, an argument or a reply has caused?"""
import errno
import unittest
import unittest.mock

from p2p_client.channel import Channel
from p2p_client.codec import Request
from p2p_client.framing import Framing, NotSent
from p2p_client.gen.diststore import Store
from p2p_client.gen.diststore.ttypes import ReadOptions
from p2p_client.interruption import is_from_signal_handler, is_reproducible
from p2p_client.outcome import Lost


class Interruption(Exception):
    pass


def caught(step):
    try:
        step()
    except Exception as failure:
        return failure
    raise AssertionError("no exception was raised")


def raise_timeout():
    raise TimeoutError(errno.ETIMEDOUT, "from a signal handler")


class InterruptionTest(unittest.TestCase):
    def test_an_error_of_the_socket_is_not_from_a_signal_handler(self):
        self.assertFalse(is_from_signal_handler(caught(Channel("no..host:1").begin_connect)))

    def test_an_error_raised_by_other_code_is_from_a_signal_handler(self):
        self.assertTrue(is_from_signal_handler(caught(raise_timeout)))

    def test_only_an_error_of_the_computation_itself_is_reproducible(self):
        self.assertTrue(is_reproducible(caught(lambda: int("x")), int, "x"))
        self.assertFalse(is_reproducible(Interruption(), int, "7"))

    def request(self, key):
        return Request("diststore", Store.Client, "read", (key, ReadOptions()))

    def interrupted_once(self, method):
        """Request.`method` raises an Interruption the first time."""
        plain = getattr(Request, method)
        raised = []

        def interrupted(*arguments):
            if not raised:
                raised.append(True)
                raise Interruption
            return plain(*arguments)

        return unittest.mock.patch.object(Request, method, interrupted)

    def test_an_interrupted_request_is_not_reported_as_wrong_arguments(self):
        with self.assertRaises(NotSent):
            Framing().send(self.request(7), "token")
        with self.interrupted_once("encode"), self.assertRaises(Interruption):
            Framing().send(self.request(b"k"), "token")

    def test_an_interrupted_reply_is_not_reported_as_malformed(self):
        self.assertIsInstance(self.request(b"k").outcome_of(b"malformed"), Lost)
        with self.interrupted_once("decode"), self.assertRaises(Interruption):
            self.request(b"k").outcome_of(b"a reply")


if __name__ == "__main__":
    unittest.main()
