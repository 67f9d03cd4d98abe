"""Is an exception of a signal's handler told from one that a connection, an argument or a reply has caused?"""
import errno
import unittest
import unittest.mock

from p2p_client.channel import Channel
from p2p_client.codec import Request
from p2p_client.framing import Framing, NotSent
from p2p_client.gen.diststore import Store
from p2p_client.gen.diststore.ttypes import ReadOptions
from p2p_client.interruption import happens_again, is_foreign
from p2p_client.outcome import Lost


class Interruption(Exception):
    pass


def caught(step):
    try:
        step()
    except Exception as failure:
        return failure
    raise AssertionError("it has raised nothing")


def raise_timeout():
    raise TimeoutError(errno.ETIMEDOUT, "from a handler")


class InterruptionTest(unittest.TestCase):
    def test_what_the_socket_says_is_not_foreign(self):
        self.assertFalse(is_foreign(caught(Channel("no..host:1").begin_connect)))

    def test_what_comes_out_of_other_code_is(self):
        self.assertTrue(is_foreign(caught(raise_timeout)))

    def test_what_is_computed_fails_each_time_or_was_interrupted(self):
        self.assertTrue(happens_again(caught(lambda: int("x")), int, "x"))
        self.assertFalse(happens_again(Interruption(), int, "7"))

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

    def test_an_interrupted_request_is_not_called_misfitting(self):
        with self.assertRaises(NotSent):
            Framing().send(self.request(7), "token")
        with self.interrupted_once("encode"), self.assertRaises(Interruption):
            Framing().send(self.request(b"k"), "token")

    def test_an_interrupted_reply_is_not_called_senseless(self):
        self.assertIsInstance(self.request(b"k").outcome_of(b"senseless"), Lost)
        with self.interrupted_once("decode"), self.assertRaises(Interruption):
            self.request(b"k").outcome_of(b"a reply")


if __name__ == "__main__":
    unittest.main()
