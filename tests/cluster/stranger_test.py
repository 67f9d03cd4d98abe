"""What a stranger may send to the parts that nodes keep for each other, and what generated code of 2009 sends."""
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.raw import RawConnection, Request
from thrift.Thrift import TApplicationException
from thrift.protocol import TBinaryProtocol
from thrift.transport import TTransport

from diststore import Store
from locator import Base
from peer import Peer
from peer.ttypes import Encoding

PING = Request(Base, "ping")
LEVELS = 5000


def forward(message, target):
    return Request(Peer, "forward", view=0, hops=1, target=target, encoding=Encoding.strict_binary, message=message)


class StrangerTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.one = self.lonely_node()
        self.form = client.FORMS[0]

    def plain(self, request):
        memory = TTransport.TMemoryBuffer()
        protocol = TBinaryProtocol.TBinaryProtocol(memory)
        protocol.writeMessageBegin(request.name, 1, 0)
        request.arguments.write(protocol)
        protocol.writeMessageEnd()
        return memory.getvalue()

    def refused(self, request):
        request.name = "Peer:" + request.name
        with RawConnection(self.one.port, self.form) as stranger:
            stranger.send(request.encode(self.form))
            with self.assertRaises(TApplicationException):
                stranger.reply(request)
        self.one_still_answers()

    def one_still_answers(self):
        with client.connect(self.one.port, Base, form=self.form) as other:
            other.ping()

    def test_forwards_inside_forwards_are_refused_at_the_first_level(self):
        message = self.plain(PING)
        for _ in range(LEVELS):
            message = self.plain(forward(message, "Peer"))
        self.refused(forward(message, "Peer"))

    def test_a_forward_beyond_the_hop_limit_is_refused(self):
        request = forward(self.plain(PING), "locator")
        request.arguments.hops = 2
        self.refused(request)

    def test_oneway_methods_sent_as_calls_answer_nothing_and_later_replies_keep_their_place(self):
        for form in client.FORMS:
            with self.subTest(form), RawConnection(self.one.port, form) as old:
                put = Request(Store, "put", key="old", value="style")
                get = Request(Store, "get", key="old")
                old.send(put.encode(form, 1) + get.encode(form, 2))
                sequence, result = old.reply(get)
                self.assertEqual((sequence, result.success), (2, "style"))


if __name__ == "__main__":
    unittest.main()
