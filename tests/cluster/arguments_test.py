"""A call that lacks an argument it requires, or brings another type for it, does nothing and is told so: whatever the form of
its bytes, and whichever node it is sent to."""
import itertools
import unittest

from harness import client
from harness.case import ClusterTest
from harness.classic_ring import keys_owned_by
from harness.raw import RawConnection, Request
from thrift.Thrift import TApplicationException, TMessageType, TType

from diststore import Store, StorePeer
from locator import Locator

VALUE = b"acknowledged"


class Odd(Request):
    """A request whose arguments are the fields given, by their numbers."""

    def __init__(self, interface, method, fields, service="diststore", oneway=False):
        super().__init__(interface, method, service=service, oneway=oneway)
        self.arguments = Numbered(fields)


class Numbered:
    def __init__(self, fields):
        self._fields = fields

    def write(self, protocol):
        protocol.writeStructBegin("")
        for number, (kind, value) in self._fields.items():
            protocol.writeFieldBegin("", kind, number)
            write_value(protocol, kind, value)
            protocol.writeFieldEnd()
        protocol.writeFieldStop()
        protocol.writeStructEnd()


def write_value(protocol, kind, value):
    if kind == TType.STRING:
        protocol.writeBinary(value)
    elif kind == TType.I32:
        protocol.writeI32(value)
    elif kind == TType.STRUCT:
        Numbered(value).write(protocol)
    else:
        element, values = value
        protocol.writeListBegin(element, len(values))
        for one in values:
            write_value(protocol, element, one)
        protocol.writeListEnd()


def text(value=b""):
    return TType.STRING, value


def listed(kind, *values):
    return TType.LIST, (kind, values)


NUMBER = (TType.I32, 0)
STRUCT = (TType.STRUCT, {})


def odd_requests(key):
    """Every way to leave out what is required, or to send something else, in calls about `key`."""
    for method, (name, fields) in itertools.product(("read", "write", "erase"), {
            "nothing": {}, "only a value": {2: text(b"v")}, "a number for a key": {1: NUMBER, 2: text(b"v")},
            "a struct for a key": {1: STRUCT, 2: text(b"v")}, "a list for a key": {1: listed(TType.STRING, key), 2: text(b"v")},
    }.items()):
        yield name, Odd(Store, method, fields)
    yield "no value", Odd(Store, "write", {1: text(key)})
    yield "a number for a value", Odd(Store, "write", {1: text(key), 2: NUMBER})
    yield "a value with another number", Odd(Store, "write", {1: text(key), 4: text(b"v")})
    yield "no key", Odd(Store, "get", {})
    yield "a number for a key", Odd(Store, "get", {1: NUMBER})
    yield "no key", Odd(Locator, "get_node", {})
    yield "a number for a key", Odd(Locator, "get_node", {1: NUMBER}, service="locator")
    for interface, service, method in ((Store, "diststore", "read_many"), (Store, "diststore", "erase_many"),
                                       (StorePeer, "diststore.peer", "read_here"), (StorePeer, "diststore.peer", "erase_here"),
                                       (StorePeer, "diststore.peer", "pull")):
        for name, fields in {"nothing": {}, "a text for a list": {1: text(key)}, "a list of numbers": {1: listed(TType.I32, 0, 0)},
                             "a list of structs": {1: listed(TType.STRUCT, {1: text(key)})}}.items():
            yield name, Odd(interface, method, fields, service)
    whole = {1: text(key), 2: text(b"beside one that is not whole")}
    for interface, service, method in ((Store, "diststore", "write_many"), (StorePeer, "diststore.peer", "write_here")):
        for name, fields in {
                "nothing": {}, "a list of texts": {1: listed(TType.STRING, key)},
                "an item without a key": {1: listed(TType.STRUCT, whole, {2: text(b"v")})},
                "an item without a value": {1: listed(TType.STRUCT, whole, {1: text(key)})},
                "an item with a number": {1: listed(TType.STRUCT, whole, {1: text(key), 2: NUMBER})}}.items():
            yield name, Odd(interface, method, fields, service)
    for method in ("transfer", "finish", "claim"):
        yield "nothing", Odd(StorePeer, method, {}, "diststore.peer")
        yield "a number", Odd(StorePeer, method, {1: NUMBER, 2: NUMBER}, "diststore.peer")
        yield "an empty struct", Odd(StorePeer, method, {1: STRUCT, 2: STRUCT}, "diststore.peer")


class ArgumentsTest(ClusterTest):
    def setUp(self):
        super().setUp()
        # Nothing but this test's calls: a census of erased keys would be counted, too.
        self.nodes = self.cluster(2, "--set", "services.diststore.config.tombstone_grace=1h")
        self.asked, self.other = self.nodes
        names = [node.name for node in self.nodes]
        # The first is the asked node's own, the other has to be passed on.
        self.keys = [keys_owned_by(node.name, names, 1)[0].encode() for node in self.nodes]
        for key in (*self.keys, b""):
            client.write(self.asked.port, key, VALUE)

    def counts(self):
        """Calls and errors of the store, over both nodes."""
        services = [node.service("diststore") for node in self.nodes]
        return [sum(getattr(service, figure) for service in services) for figure in ("calls", "errors")]

    def assert_untouched(self):
        for key in (*self.keys, b""):
            self.assertEqual(client.read(self.asked.port, key), VALUE, key)
        self.assertEqual(sum(node.gauge("keys") for node in self.nodes), len(self.keys) + 1)

    def test_what_is_required_must_be_there_in_every_form_and_through_every_node(self):
        for form, key, node in itertools.product(client.FORMS, self.keys, self.nodes):
            with RawConnection(node.port, form) as connection:
                for number, (name, request) in enumerate(odd_requests(key)):
                    with self.subTest(form=form, method=request.name, sent=name, owner_is_asked=key == self.keys[0]):
                        connection.send(request.encode(form, number))
                        with self.assertRaises(TApplicationException) as caught:
                            connection.reply(request)
                        self.assertEqual(caught.exception.type, TApplicationException.PROTOCOL_ERROR)
                        self.assertEqual(caught.exception.sequence, number)
        self.assert_untouched()

    def test_each_is_a_call_and_an_error(self):
        form = client.FORMS[0]
        requests = [request for _, request in odd_requests(self.keys[1]) if request.name.startswith("diststore:")]
        before = self.counts()
        with RawConnection(self.asked.port, form) as connection:
            for request in requests:
                connection.send(request.encode(form))
                with self.assertRaises(TApplicationException):
                    connection.reply(request)
        self.assertEqual(self.counts(), [before[0] + len(requests), before[1] + len(requests)])

    def test_oneway_calls_do_nothing_and_are_not_answered(self):
        oneway = [Odd(Store, "put", {}, oneway=True), Odd(Store, "put", {1: NUMBER, 2: text(b"v")}, oneway=True),
                  Odd(Store, "put", {2: text(b"v")}, oneway=True)]
        location = (TType.STRUCT, {1: text(b"127.0.0.1")})
        for method in ("join", "add", "remove"):
            oneway += [Odd(Locator, method, fields, "locator", oneway=True)
                       for fields in ({}, {1: NUMBER}, {1: location, 2: listed(TType.STRUCT)})]
        members = client.members(self.asked.port)
        for form in client.FORMS:
            with RawConnection(self.asked.port, form) as connection:
                for request in oneway:
                    connection.send(request.encode(form))
                connection.call(Request(Locator, "get_all", service="locator"))
        self.assertEqual(client.members(self.asked.port), members)
        self.assert_untouched()

    def test_options_may_be_missing_and_what_nobody_knows_may_be_there(self):
        unknown = {90: NUMBER, 91: STRUCT, 92: listed(TType.STRING, b"x")}
        for form, key in itertools.product(client.FORMS, self.keys):
            with self.subTest(form=form, key=key), RawConnection(self.asked.port, form) as connection:
                connection.call(Odd(Store, "write", {1: text(key), 2: text(b"new"), **unknown}))
                self.assertEqual(connection.call(Odd(Store, "read", {**unknown, 1: text(key)})).success.value, b"new")
                connection.call(Odd(Store, "write_many", {1: listed(TType.STRUCT, {1: text(key), 2: text(VALUE), **unknown})}))
                found = connection.call(Odd(Store, "read_many", {1: listed(TType.STRING, key)})).success
                self.assertEqual([one.value for one in found], [VALUE])
        self.assert_untouched()

    def test_a_classic_put_without_a_value_leaves_nothing_to_be_found(self):
        for form, key in itertools.product(client.FORMS, self.keys):
            with self.subTest(form=form, key=key), RawConnection(self.asked.port, form) as connection:
                connection.send(Odd(Store, "put", {1: text(key)}, oneway=True).encode(form))
                self.assertEqual(connection.call(Odd(Store, "get", {1: text(key)})).success, "")

    def test_an_admin_call_without_its_argument_changes_nothing(self):
        with client.connect_admin(str(self.asked.data_dir / "admin.sock")) as admin:
            protocol = admin._oprot
            for method in ("enable", "disable", "reload", "await_change"):
                protocol.writeMessageBegin(method, TMessageType.CALL, 1)
                Numbered({1: STRUCT}).write(protocol)
                protocol.writeMessageEnd()
                protocol.trans.flush()
                with self.assertRaises(TApplicationException) as caught:
                    getattr(admin, f"recv_{method}")()
                self.assertEqual(caught.exception.type, TApplicationException.PROTOCOL_ERROR, method)


if __name__ == "__main__":
    unittest.main()
