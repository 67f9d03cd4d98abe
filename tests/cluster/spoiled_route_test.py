"""Whatever bytes a client sends to a routed service: every node runs on, and no other client's key has another value."""
import random
import struct
import unittest

from harness import client
from harness.raw import RawConnection
from harness.waiting import wait_until
from route_test import PLUGINS, Fields, RouteTest, counter, request
from thrift.Thrift import TType

SEED = 20260311
MESSAGES = 2_000
WITNESS_EVERY = 10  # messages between two good calls

# Begins every name that good calls use, and stands in no spoiled message.
WITNESS = "witness"

# Of every kind that a field may have: what stands where the key should.
KEYS = [(TType.BOOL, True), (TType.BYTE, 5), (TType.I16, -300), (TType.I32, 70_000), (TType.I64, -2 ** 63), (TType.DOUBLE, 1.5),
        (TType.STRING, "spoiled"), (TType.STRING, ""), (TType.STRING, "spoiled" * 3_000), (TType.LIST, [1, 2, 3]), (TType.LIST, []),
        (TType.STRUCT, Fields()), (TType.STRUCT, Fields((TType.STRING, "spoiled"), (TType.I64, 7)))]

# Around where readers stop, and far behind.
DEPTHS = (1, 60, 63, 64, 65, 66, 500, 50_000)


def framed(message):
    return struct.pack("!i", len(message)) + message


class Spoiler:
    """Messages that are none, or that ask for something odd; the same for a seed on every run."""

    def __init__(self, seed, names):
        self._random = random.Random(seed)
        self._names = names
        self._ways = (self._odd_key, self._deep, self._cut, self._changed, self._changed, self._changed)

    def message(self):
        """A form, and bytes for a connection of that form."""
        form = self._random.choice(client.FORMS)
        plain = client.Form(False, form.encoding)
        message = self._random.choice(self._ways)(plain)
        if not form.framed:
            return form, message
        if self._random.randrange(4) == 0:
            return form, self._change(framed(message))  # a frame that may lie about its length
        return form, framed(message)

    def _good(self, form):
        name = self._random.choice(self._names)
        if self._random.randrange(2) == 0:
            return request("value", name=name).encode(form, 5)
        return request("increment", name=name, by=self._random.randrange(-5, 100)).encode(form, 5)

    def _odd_key(self, form):
        method = self._random.choice(("increment", "value", "order"))
        return request(method, Fields(self._random.choice(KEYS), (TType.I64, 1))).encode(form, 5)

    def _deep(self, form):
        depth = self._random.choice(DEPTHS)
        head = request(self._random.choice(("increment", "order")), Fields()).encode(form, 5)[:-1]
        # A struct in field 1 that holds a struct in field 1, and so on; ended or not.
        level = b"\x0c\0\1" if form.encoding == "binary" else b"\x1c"
        return head + level * depth + bytes(self._random.choice((0, depth, depth + 1)))

    def _cut(self, form):
        message = self._good(form)
        return message[:self._random.randrange(1, len(message))]

    def _changed(self, form):
        return self._change(self._good(form))

    def _change(self, message):
        spoiled = bytearray(message)
        for _ in range(self._random.randrange(1, 5)):
            at = self._random.randrange(len(spoiled))
            match self._random.randrange(4):
                case 0:
                    spoiled[at] = self._random.randrange(256)
                case 1:
                    spoiled[at] ^= 1 << self._random.randrange(8)
                case 2:
                    spoiled[at:at] = self._random.randbytes(self._random.randrange(1, 5))
                case _:  # a piece of the message once more: fields that come twice
                    spoiled[at:at] = spoiled[at:at + self._random.randrange(1, 24)]
        return bytes(spoiled)


class SpoiledTest(RouteTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.counters(3)
        self.owners = {name: node for node in self.nodes for name in self.keys_of(node, 3, WITNESS)}
        self.witnesses = dict.fromkeys(self.owners, 0)

    def count_a_witness(self, generator):
        """One good call. True when the node that is sent what is spoiled has passed it on."""
        name = generator.choice(list(self.witnesses))
        by = generator.randrange(1, 1000)
        asked = generator.choice(self.nodes)
        self.witnesses[name] += by
        answer = counter(asked, "increment", name, by, form=generator.choice(client.FORMS))
        self.assertEqual(answer, self.witnesses[name])
        return asked is self.nodes[0] and self.owners[name] is not asked

    def send(self, form, message):
        """What comes back until the node ends the connection, as it does behind the last message of a client."""
        with RawConnection(self.nodes[0].port, form) as connection:
            return connection.send_all_and_drain(message)

    def test_spoiled_messages_change_no_other_key_and_end_no_node(self):
        spoiler = Spoiler(SEED, [name for node in self.nodes for name in self.keys_of(node, 3, "spoiled")])
        generator = random.Random(SEED)
        before = self.nodes[0].status().forwarded
        answered = passed_on = 0
        for number in range(MESSAGES):
            form, message = spoiler.message()
            self.assertNotIn(WITNESS.encode(), message)
            with self.subTest(number=number, form=form, message=message[:200]):
                answered += bool(self.send(form, message))
            if number % WITNESS_EVERY == 0:
                passed_on += self.count_a_witness(generator)
        # Some were no messages at all, some were understood, and of these some went to other nodes.
        self.assertGreater(answered, MESSAGES // 4)
        self.assertLess(answered, MESSAGES * 3 // 4)
        self.assertGreater(self.nodes[0].status().forwarded - before, passed_on + 20)
        self.assert_all_is_well()

    def test_a_nodes_status_is_text_whatever_a_client_calls_a_method(self):
        for form in client.FORMS:
            good = request("value", name="x", named="valu?\n").encode(form)
            self.assertTrue(self.send(form, good.replace(b"valu?\n", b"valu\xba\n")))
            self.assertIn("'valu??'", self.nodes[0].service("counter").last_error)

    def assert_all_is_well(self):
        names = sorted(self.names)
        for node in self.nodes:
            self.assertEqual(node.members(), names)
            for form in client.FORMS:
                self.assertEqual({name: counter(node, "value", name, form=form) for name in self.witnesses}, self.witnesses)
            wait_until(f"{node.name} has no call in hand", lambda node=node: node.service("counter").in_flight == 0)


if __name__ == "__main__":
    unittest.main()
