"""How does a client speak to a node? In each of the forms that one port understands."""
import collections
import logging

from harness import address, settings  # first: settings makes the generated modules importable
from thrift.protocol import TBinaryProtocol, TCompactProtocol, TMultiplexedProtocol
from thrift.transport import TSocket, TTransport

from diststore import Store
from locator import Locator
from node import Admin, Node

# Thrift logs each refused connect; here, those are waited for.
logging.getLogger("thrift.transport.TSocket").setLevel(logging.CRITICAL)

PROTOCOLS = {"binary": TBinaryProtocol.TBinaryProtocol, "compact": TCompactProtocol.TCompactProtocol}

# How the bytes of a message look: framed or not, and which protocol.
Form = collections.namedtuple("Form", "framed encoding")
CLASSIC = Form(framed=False, encoding="binary")
FORMS = [Form(framed, encoding) for framed in (False, True) for encoding in PROTOCOLS]

CALL_SECONDS = 10


class Opened:
    """A connection, as a context: entered, it is the protocol, or the client that `use` makes of it.

    A class, because contextlib's generators set the traceback of what passes them, and generated exceptions let nobody.
    """

    def __init__(self, socket, form, seconds, use=lambda protocol: protocol):
        socket.setTimeout(seconds * settings.PATIENCE * 1000)
        self._transport = TTransport.TFramedTransport(socket) if form.framed else TTransport.TBufferedTransport(socket)
        self._protocol = PROTOCOLS[form.encoding](self._transport)
        self._use = use

    def __enter__(self):
        self._transport.open()
        return self._use(self._protocol)

    def __exit__(self, *_):
        self._transport.close()


def client_on(protocol, interface=Store, service=None):
    """A client of `interface` on a connection. Without `service` its calls name none."""
    if service is not None:
        protocol = TMultiplexedProtocol.TMultiplexedProtocol(protocol, service)
    return interface.Client(protocol)


def channel(port, form=CLASSIC, seconds=CALL_SECONDS):
    """The protocol of a new connection, for any number of clients made by client_on()."""
    return Opened(TSocket.TSocket(*address.place(port)), form, seconds)


def connect(port, interface=Store, service=None, form=CLASSIC, seconds=CALL_SECONDS):
    """A client of `interface` on a connection of its own."""
    return Opened(TSocket.TSocket(*address.place(port)), form, seconds,
                  lambda protocol: client_on(protocol, interface, service))


def connect_admin(path, interface=Admin, service="admin"):
    """A client of the admin socket at `path`."""
    return Opened(TSocket.TSocket(unix_socket=path), CLASSIC, CALL_SECONDS,
                  lambda protocol: client_on(protocol, interface, service))


# --- one call, one connection, as the 2009 system's clients do it ---


def call(port, method, *arguments, interface=Store, service=None, form=CLASSIC, seconds=CALL_SECONDS):
    with connect(port, interface, service, form, seconds) as client:
        return getattr(client, method)(*arguments)


def put(port, key, value):
    call(port, "put", key, value)


def get(port, key):
    return call(port, "get", key)


def write(port, key, value):
    from diststore.ttypes import WriteOptions

    return call(port, "write", _bytes(key), _bytes(value), WriteOptions(), service="diststore")


def read(port, key):
    """The value as bytes, or None."""
    from diststore.ttypes import ReadOptions

    result = call(port, "read", _bytes(key), ReadOptions(), service="diststore")
    return result.value if result.found else None


def members(port, service="locator"):
    """The names of those that the node at `port` knows, sorted."""
    locations = call(port, "get_all", interface=Locator, service=service)
    return sorted(name_of(location) for location in locations)


def owner(port, key, service="locator"):
    return name_of(call(port, "get_node", key, interface=Locator, service=service))


def status(port):
    return call(port, "status", interface=Node, service="node", seconds=2)


def name_of(location):
    return address.name_at(location.address, location.port & 0xFFFF)


def _bytes(text):
    return text.encode() if isinstance(text, str) else text
