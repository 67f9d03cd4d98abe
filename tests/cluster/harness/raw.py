"""How does a test send bytes that no client library would? It encodes requests itself and writes them as it likes."""
import errno
import socket
import struct

from harness import address, settings
from harness.client import PROTOCOLS
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport import TTransport


class Request:
    """One request of `interface`; encode() gives its bytes in a form. `named` is what it says instead of `method`."""

    def __init__(self, interface, method, service=None, oneway=False, named=None, **arguments):
        self.oneway = oneway
        self.name = (f"{service}:" if service is not None else "") + (named or method)
        self.arguments = getattr(interface, f"{method}_args")(**arguments)
        self.result_type = getattr(interface, f"{method}_result", None)

    def encode(self, form, sequence=0):
        memory = TTransport.TMemoryBuffer()
        protocol = PROTOCOLS[form.encoding](memory)
        protocol.writeMessageBegin(self.name, TMessageType.ONEWAY if self.oneway else TMessageType.CALL, sequence)
        self.arguments.write(protocol)
        protocol.writeMessageEnd()
        message = memory.getvalue()
        return struct.pack("!i", len(message)) + message if form.framed else message


class RawConnection:
    """A connection in one form. Bytes go out as they are given; replies are read by Thrift's own protocols."""

    def __init__(self, port, form, seconds=10):
        self.form = form
        self.socket = socket.create_connection((address.HOST, port), seconds * settings.PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")
        stream = TTransport.TFileObjectTransport(self._file)
        transport = TTransport.TFramedTransport(stream) if form.framed else _Exact(stream)
        self._protocol = PROTOCOLS[form.encoding](transport)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def reply(self, request):
        """The sequence id and result struct of the next reply; raises a TApplicationException, with its `sequence`."""
        _, kind, sequence = self._protocol.readMessageBegin()
        if kind == TMessageType.EXCEPTION:
            failure = TApplicationException()
            failure.read(self._protocol)
            self._protocol.readMessageEnd()
            failure.sequence = sequence
            raise failure
        result = request.result_type()
        result.read(self._protocol)
        self._protocol.readMessageEnd()
        return sequence, result

    def call(self, request, sequence=0):
        self.send(request.encode(self.form, sequence))
        answered, result = self.reply(request)
        assert answered == sequence, f"asked as {sequence}, answered as {answered}"
        return result

    def send_all_and_drain(self, data):
        """Sends `data` and nothing more; what comes back until the node closes the connection. Raises when it does not."""
        answer = b""
        try:
            self.send(data)
            self.socket.shutdown(socket.SHUT_WR)
            while piece := self.socket.recv(65536):
                answer += piece
        except ConnectionError:
            pass  # it has closed without reading all
        except OSError as failure:
            if failure.errno != errno.ENOTCONN:  # the same, before the shutdown
                raise
        return answer

    def is_closed_by_node(self, seconds=10):
        """Waits for the node to close the connection; False when it has not within `seconds`. Drops replies."""
        self.socket.settimeout(seconds * settings.PATIENCE)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False


class _Exact(TTransport.TTransportBase):
    """Reads exactly what a protocol asks for, so that nothing of the next reply is swallowed."""

    def __init__(self, stream):
        self._stream = stream

    def isOpen(self):
        return True

    def read(self, size):
        return self._stream.readAll(size)

    def readAll(self, size):
        return self._stream.readAll(size)
