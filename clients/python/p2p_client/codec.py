"""How are a call and its reply encoded? By the generated clients, on memory buffers: framed, strict binary."""
import struct

from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolAccelerated
from thrift.protocol.TProtocol import TProtocolException
from thrift.Thrift import TApplicationException, TException, TType
from thrift.transport.TTransport import TMemoryBuffer

from p2p_client.faults import PROTOCOL
from p2p_client.interruption import is_reproducible
from p2p_client.outcome import Answered, Lost, Raised, outcome_of_exception

_LENGTH = struct.Struct(">I")

# A strict binary message begins with version and type, the length of the name, the name, and the sequence id.
_HEAD = struct.Struct(">II")
_SEQUENCE = struct.Struct(">i")
_VERSION_1 = 0x80010000


class _Writer(TBinaryProtocolAccelerated):
    """Adds the service's name as TMultiplexedProtocol does, and the given sequence id."""

    def __init__(self, buffer, service, sequence):
        super().__init__(buffer)
        self._prefix = service + ":"
        self._sequence = sequence

    def writeMessageBegin(self, name, type, _):
        name = (self._prefix + name).encode()
        self.trans.write(_HEAD.pack(_VERSION_1 | type, len(name)) + name + _SEQUENCE.pack(self._sequence))


class _Reader(TBinaryProtocolAccelerated):
    """Reads one whole message. Skips its head, which sequence_of() has checked."""

    def __init__(self, message):
        super().__init__(TMemoryBuffer(message))
        self._message = message

    def readMessageBegin(self):
        head, name_bytes = _HEAD.unpack_from(self._message)
        begin = _HEAD.size + name_bytes + _SEQUENCE.size
        if begin > len(self._message):
            raise EOFError("the reply is truncated")  # the accelerator crashes when it reads past the end
        self.trans.cstringio_buf.seek(begin)
        return "", head & 0xFF, 0


class _Measure(TBinaryProtocol):
    """Skips texts and other bytes alike: only their length counts, and owners of partitions are no text."""

    def readString(self):
        return self.readBinary()


class Request:
    """One call of a method of a generated client class. It can be sent any number of times, to any node."""

    __slots__ = ("service", "interface", "method", "arguments")

    def __init__(self, service, interface, method, arguments):
        self.service = service
        self.interface = interface
        self.method = method
        self.arguments = arguments

    @property
    def is_oneway(self):
        return not hasattr(self.interface, "recv_" + self.method)

    def encode(self, sequence):
        """The whole frame."""
        buffer = TMemoryBuffer()
        client = self.interface(_Writer(buffer, self.service, sequence))
        getattr(client, "send_" + self.method)(*self.arguments)
        message = buffer.getvalue()
        return _LENGTH.pack(len(message)) + message

    def decode(self, message):
        """The result in a reply. Raises the exception in a reply: one that the IDL declares, or a TApplicationException."""
        client = self.interface(_Reader(message))
        return getattr(client, "recv_" + self.method)()

    def outcome_of(self, message):
        """The outcome that a reply means."""
        try:
            return Answered(self.decode(message))
        except TApplicationException as fault:
            return outcome_of_exception(fault)
        except TProtocolException as failure:
            return Lost(f"the reply is malformed: {failure}", PROTOCOL)
        except TException as declared:
            return Raised(declared)
        except Exception as failure:  # the bytes are not a reply of this method
            if not is_reproducible(failure, self.decode, message):
                raise
            return Lost(f"the reply is malformed: {failure!r}", PROTOCOL)


def message_length(data):
    """The length of the strict binary message at the front of `data`; None if it is incomplete. Raises ValueError if it is
    not such a message."""
    if data[:1] not in (b"", b"\x80"):
        raise ValueError("the reply is not a binary message")
    transport = TMemoryBuffer(bytes(data))
    protocol = _Measure(transport, strictRead=True)
    try:
        protocol.readMessageBegin()
        protocol.skip(TType.STRUCT)
    except EOFError:
        return None
    except TProtocolException as failure:
        raise ValueError(f"the reply is not a binary message: {failure}") from failure
    return transport.cstringio_buf.tell()


def sequence_of(message):
    """The sequence id of a strict binary message. Raises ValueError if it is not such a message."""
    try:
        head, name_bytes = _HEAD.unpack_from(message)
        if head & 0xFFFF0000 != _VERSION_1:
            raise ValueError("the reply is not a binary message")
        return _SEQUENCE.unpack_from(message, _HEAD.size + name_bytes)[0]
    except struct.error:
        raise ValueError("the reply is truncated") from None
