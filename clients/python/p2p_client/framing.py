"""Which reply belongs to which call? The protocol of one pipelined connection, without the socket: a node answers in
the order of the requests, with their sequence ids. Used by the plain and the asyncio client."""
import collections
import struct

from p2p_client.codec import sequence_of, whole_bytes
from p2p_client.faults import INVALID
from p2p_client.interruption import happens_again
from p2p_client.outcome import Oversized, Untaken

# The length before each message; the limits do not count it.
LENGTH_BYTES = 4

# A larger frame is a protocol error: it is above every [host] frame_bytes_max that a node accepts.
FRAME_BYTES_MAX = 352 << 20

# A larger request is not sent: a node would close the connection, and the calls behind it would fail. The default of
# the nodes' [host] frame_bytes_max.
REQUEST_BYTES_MAX = 16 << 20

# The smallest frame_bytes_max that a node accepts. With less, the client could not even ask for the members.
REQUEST_BYTES_LEAST = 1 << 10

_SEQUENCES = 0x7FFFFFFF


def checked_request_bytes_max(count):
    """`count`; ValueError when no node could have such a frame_bytes_max."""
    if not REQUEST_BYTES_LEAST <= count < FRAME_BYTES_MAX:
        raise ValueError(f"request_bytes_max is {count}; it must be from {REQUEST_BYTES_LEAST} to {FRAME_BYTES_MAX - 1}")
    return count


class NotSent(Exception):
    """A call cannot be sent; `outcome` says why."""

    def __init__(self, outcome):
        super().__init__(outcome.why)
        self.outcome = outcome


class Framing:
    """The calls in flight, each with a `token` of the caller's, and what has arrived of the next reply."""

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
            if not happens_again(failure, request.encode, sequence):
                raise
            raise NotSent(Untaken(f"the arguments do not fit: {failure!r}", INVALID)) from failure
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
            self._take_into(done)
        except ValueError as violation:
            self._violation = violation
        if not done:
            self.check()
        return done

    def check(self):
        """Raises ValueError if the node has violated the protocol."""
        if self._violation is not None:
            raise self._violation

    def _take_into(self, done):
        received, at = self._received, 0
        while self._violation is None and at < len(received):
            if not self._pending:
                raise ValueError("a reply that nobody awaits")
            if len(received) - at < LENGTH_BYTES:
                break
            (length,) = struct.unpack_from(">I", received, at)
            if length > FRAME_BYTES_MAX:
                raise ValueError(f"a frame of {length} bytes")
            if len(received) - at - LENGTH_BYTES < length:
                break
            begin = at + LENGTH_BYTES
            message = bytes(memoryview(received)[begin:begin + length])
            self._take(message, done)
            at = begin + length
        del received[:at]

    def _take(self, message, done):
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
    system: that would take a frame for the beginning of a message and wait for the rest, and it serves nobody else while
    a connection is open."""

    is_for_one_call = True

    def send(self, request, token):
        return super().send(request, token)[LENGTH_BYTES:]

    def _take_into(self, done):
        if not self._pending:
            raise ValueError("a reply that nobody awaits")
        length = whole_bytes(self._received)
        if length is not None:
            self._take(bytes(self._received[:length]), done)
            del self._received[:length]
        elif len(self._received) > UNFRAMED_BYTES_MAX:
            raise ValueError(f"a reply of more than {UNFRAMED_BYTES_MAX} bytes")
