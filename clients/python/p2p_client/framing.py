"""Which reply belongs to which call? The protocol of one pipelined connection, without the socket: a node replies in
the order of the requests, with their sequence ids. Used by both clients."""
import collections
import struct

from p2p_client.codec import message_length, sequence_of
from p2p_client.faults import INVALID
from p2p_client.interruption import is_reproducible
from p2p_client.outcome import NotExecuted, Oversized

# The length before each message; it does not count towards the limits.
LENGTH_BYTES = 4

# A larger frame is a protocol error: no node accepts so large a [host] frame_bytes_max.
FRAME_BYTES_MAX = 352 << 20

# A larger request is not sent: the node would close the connection, and the calls after it would fail. Equal to the
# default of [host] frame_bytes_max.
REQUEST_BYTES_MAX = 16 << 20

# The smallest frame_bytes_max that a node accepts. With less, the client could not even ask for the members.
REQUEST_BYTES_MIN = 1 << 10

_SEQUENCES = 0x7FFFFFFF


def checked_request_bytes_max(count):
    """Returns `count`; raises ValueError if no node could have such a frame_bytes_max."""
    if not REQUEST_BYTES_MIN <= count < FRAME_BYTES_MAX:
        raise ValueError(f"request_bytes_max is {count}; it must be from {REQUEST_BYTES_MIN} to {FRAME_BYTES_MAX - 1}")
    return count


class NotSent(Exception):
    """A call cannot be sent; `outcome` says why."""

    def __init__(self, outcome):
        super().__init__(outcome.why)
        self.outcome = outcome


class Framing:
    """The calls in flight, each with a `token` chosen by the caller, and the part of the next reply that has arrived."""

    is_for_one_call = False

    def __init__(self, request_bytes_max=REQUEST_BYTES_MAX):
        self._request_bytes_max = request_bytes_max
        self._pending = collections.deque()  # (sequence, token), the oldest first
        self._received = bytearray()
        self._sequence = 0
        self._violation = None  # how the node has violated the protocol, a ValueError

    def __len__(self):
        return len(self._pending)

    def send(self, request, token):
        """Returns the bytes of the call; receive() returns its reply with `token`, unless it is oneway. Raises NotSent,
        with nothing changed, when the call cannot be sent."""
        sequence = self._sequence % _SEQUENCES + 1
        try:
            frame = request.encode(sequence)
        except Exception as failure:  # arguments of the wrong types
            if not is_reproducible(failure, request.encode, sequence):
                raise
            raise NotSent(NotExecuted(f"the arguments have wrong types: {failure!r}", INVALID)) from failure
        if len(frame) - LENGTH_BYTES > self._request_bytes_max:
            raise NotSent(Oversized(f"a request of {len(frame) - LENGTH_BYTES} bytes is larger than request_bytes_max, "
                                    f"{self._request_bytes_max}"))
        self._sequence = sequence
        if not request.is_oneway:
            self._pending.append((self._sequence, token))
        return frame

    def receive(self, data):
        """Returns the replies that `data` completes, as [(token, message)]. When the node violates the protocol, the
        connection becomes unusable: check() raises ValueError from then on, and so does this method unless it has
        replies to return. Calls without a reply stay in tokens()."""
        self._received += data
        done = []
        try:
            self._parse(done)
        except ValueError as violation:
            self._violation = violation
        if not done:
            self.check()
        return done

    def check(self):
        """Raises ValueError if the node has violated the protocol."""
        if self._violation is not None:
            raise self._violation

    def _parse(self, done):
        received, at = self._received, 0
        while self._violation is None and at < len(received):
            if not self._pending:
                raise ValueError("a reply to no request")
            if len(received) - at < LENGTH_BYTES:
                break
            (length,) = struct.unpack_from(">I", received, at)
            if length > FRAME_BYTES_MAX:
                raise ValueError(f"a frame of {length} bytes")
            if len(received) - at - LENGTH_BYTES < length:
                break
            begin = at + LENGTH_BYTES
            message = bytes(memoryview(received)[begin:begin + length])
            self._match(message, done)
            at = begin + length
        del received[:at]

    def _match(self, message, done):
        sequence, token = self._pending[0]
        if sequence_of(message) != sequence:
            raise ValueError("replies out of order")
        self._pending.popleft()
        done.append((token, message))

    def tokens(self):
        """The tokens of the calls without a reply, oldest first."""
        return [token for _, token in self._pending]

    def drop(self):
        """Forgets the calls without a reply and returns their tokens: the connection has ended."""
        tokens = self.tokens()
        self._pending.clear()
        return tokens


# The longest reply to an unframed call: enough for the members of a network of ten thousand nodes.
UNFRAMED_BYTES_MAX = 1 << 20


class Unframed(Framing):
    """The same for a single call without a frame, after which the connection is closed. The node may be one of the 2009
    system: it would mistake a frame for the beginning of a message and wait for the rest, and it serves no other
    connection while one is open."""

    is_for_one_call = True

    def send(self, request, token):
        return super().send(request, token)[LENGTH_BYTES:]

    def _parse(self, done):
        if not self._pending:
            raise ValueError("a reply to no request")
        length = message_length(self._received)
        if length is not None:
            self._match(bytes(self._received[:length]), done)
            del self._received[:length]
        elif len(self._received) > UNFRAMED_BYTES_MAX:
            raise ValueError(f"a reply of more than {UNFRAMED_BYTES_MAX} bytes")
