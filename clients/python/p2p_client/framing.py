"""Which reply belongs to which call? The bytes of one pipelined connection, without the connection: a node answers in
the order of the requests, and repeats their sequence ids. For the plain and the asyncio transport alike."""
import collections
import struct

from p2p_client.codec import sequence_of, whole_bytes
from p2p_client.faults import INVALID
from p2p_client.interruption import happens_again
from p2p_client.outcome import Oversized, Untaken

# Before each message; no limit counts them.
LENGTH_BYTES = 4

# A larger frame is a protocol error: above the host's greatest [host] frame_bytes_max.
FRAME_BYTES_MAX = 352 << 20

# A larger request is not sent: a node would close the connection, and with it the calls behind. The default of the
# nodes' [host] frame_bytes_max.
REQUEST_BYTES_MAX = 16 << 20

# Below the smallest that a node can be given, the client's own questions would not be sent either.
REQUEST_BYTES_LEAST = 1 << 10

_SEQUENCES = 0x7FFFFFFF


def checked_request_bytes_max(count):
    """`count`; ValueError when no node could have such a frame_bytes_max."""
    if not REQUEST_BYTES_LEAST <= count < FRAME_BYTES_MAX:
        raise ValueError(f"request_bytes_max is {count}; it must be from {REQUEST_BYTES_LEAST} to {FRAME_BYTES_MAX - 1}")
    return count


class NotSent(Exception):
    """A call that did not become bytes; `outcome` says why."""

    def __init__(self, outcome):
        super().__init__(outcome.why)
        self.outcome = outcome


class Framing:
    """Calls that were sent and not yet answered, as `token`s of the caller, and a reply that has come in part."""

    is_for_one_call = False

    def __init__(self, request_bytes_max=REQUEST_BYTES_MAX):
        self._request_bytes_max = request_bytes_max
        self._pending = collections.deque()  # (sequence, token), the oldest first
        self._received = bytearray()
        self._sequence = 0
        self._breach = None  # the rule that the node has broken

    def __len__(self):
        return len(self._pending)

    def send(self, request, token):
        """The bytes of the call; its reply will come with `token`, unless it is oneway. NotSent, and nothing changed,
        when there are none to be sent."""
        sequence = self._sequence % _SEQUENCES + 1
        try:
            frame = request.encode(sequence)
        except Exception as failure:  # arguments that are not of the method's types
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
        """The replies that `data` completes, as [(token, message)]. Once the node has broken the rules the connection is
        good for nothing any more: ValueError, or what came before the breach, and check() raises it. Calls without a
        reply stay among the tokens()."""
        self._received += data
        done = []
        try:
            self._take_into(done)
        except ValueError as breach:
            self._breach = breach
        if not done:
            self.check()
        return done

    def check(self):
        """ValueError when the node has broken the rules."""
        if self._breach is not None:
            raise self._breach

    def _take_into(self, done):
        received, at = self._received, 0
        while self._breach is None and at < len(received):
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
        """Of the calls that have no reply yet, the oldest first."""
        return [token for _, token in self._pending]

    def drop(self):
        """Tokens of the calls that will have no reply: the connection has ended."""
        tokens = self.tokens()
        self._pending.clear()
        return tokens


# The longest reply to such a call: the members of a network of ten thousand.
UNFRAMED_BYTES_MAX = 1 << 20


class Unframed(Framing):
    """The same for one call without a frame, on a connection that ends with it: who answers may be a node of the 2009
    system. It takes a frame for the begin of a message, and serves nobody else while it waits for the rest, nor as long as
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
