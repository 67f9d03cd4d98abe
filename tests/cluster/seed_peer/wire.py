"""How do seeds speak? Binary protocol, unframed, unnamed services, one call a connection, one connection at a time."""
import errno
import logging

from harness import settings
from thrift.Thrift import TApplicationException
from thrift.protocol import TBinaryProtocol
from thrift.server import TServer
from thrift.transport import TSocket, TTransport

from diststore import Store
from locator import Locator
from seed_peer.ring import name_of

LOCATOR_METHODS = {"ping", "service_type", "service_types", "debug", "die",
                   "join", "remove", "add", "get_all", "get_node"}
STORE_METHODS = LOCATOR_METHODS | {"get", "put"}

log = logging.getLogger("seed_peer")

# Stands in the log for each message that no seed and no client of one sends: until its sender closes the connection, or
# sends as many bytes as a frame's length announces, nobody else is served.
NO_CALL = "no call of this system"

# Thrift logs each refused connect; a seed looks for others by them.
logging.getLogger("thrift.transport.TSocket").setLevel(logging.CRITICAL)


class Unreachable(Exception):
    """Nobody accepts connections there."""


# What a call can end with. Unreachable apart: only of that does a seed draw conclusions.
FAILURES = (Unreachable, TTransport.TTransportException, TApplicationException, EOFError, OSError)


class Protocol(TBinaryProtocol.TBinaryProtocol):
    """Thrift's own: it writes strictly and reads both forms. Any bytes are a string, as they were to Python 2."""

    _is_at_begin = False

    def readMessageBegin(self):
        self._is_at_begin = True
        return super().readMessageBegin()

    def readI32(self):
        number = super().readI32()
        if self._is_at_begin and number >= 0:
            # The old form begins with the length of a name, and so, to a seed, does whatever else begins so.
            log.info("%s: it takes the next %d bytes for a name", NO_CALL, number)
        self._is_at_begin = False
        return number

    def readString(self):
        return self.readBinary().decode("utf-8", "surrogateescape")

    def writeString(self, text):
        self.writeBinary(text.encode("utf-8", "surrogateescape"))


class ProtocolFactory:
    def getProtocol(self, transport):
        return Protocol(transport)


def call(location, method, *arguments, seconds=None):
    """Connects, calls once, closes. A seed waits for ever; `seconds` is for tests.

    Raises Unreachable when the connection is refused; whatever happens later is Thrift's exception.
    """
    socket = TSocket.TSocket(location.address, location.port)
    socket.setTimeout(None if seconds is None else seconds * settings.PATIENCE * 1000)
    transport = TTransport.TBufferedTransport(socket)
    try:
        transport.open()
    except (TTransport.TTransportException, OverflowError, UnicodeError) as failure:
        raise Unreachable(name_of(location)) from failure
    try:
        return getattr(Store.Client(Protocol(transport)), method)(*arguments)
    finally:
        transport.close()


def processor(interface, handler, methods):
    """The generated processor of `interface`, which answers UNKNOWN_METHOD to all but `methods`."""
    made = interface.Processor(handler)
    made._processMap = {name: process for name, process in made._processMap.items() if name in methods}
    return made


def locator_processor(handler):
    return processor(Locator, handler, LOCATOR_METHODS)


def store_processor(handler):
    return processor(Store, handler, STORE_METHODS)


class ListeningSocket(TSocket.TServerSocket):
    """Thrift's own, except that a fault can close it in the middle of its work, and open it again."""

    def __init__(self, address, port, on_listening=lambda: None, wait_until_allowed=lambda: None):
        super().__init__(address, port)
        self._on_listening = on_listening
        self._wait_until_allowed = wait_until_allowed

    def listen(self):
        self._wait_until_allowed()
        super().listen()
        self._on_listening()

    def accept(self):
        if self.handle is None:
            self.listen()
        try:
            return super().accept()
        except OSError as failure:
            if failure.errno != errno.EINVAL:
                raise
            self.close()  # refuse() was here
            return None

    def refuse(self):
        """From now on connects are refused, until `wait_until_allowed` returns. [any thread]"""
        handle = self.handle
        if handle is not None:
            try:
                handle.shutdown(2)  # unlike close(), it wakes the thread that accepts
            except OSError as failure:
                if failure.errno != errno.ENOTCONN:
                    raise


def simple_server(made_processor, listening_socket):
    """One connection at a time: the next is accepted when the client has closed the last."""
    return TServer.TSimpleServer(made_processor, listening_socket, TTransport.TBufferedTransportFactory(),
                                 ProtocolFactory())
