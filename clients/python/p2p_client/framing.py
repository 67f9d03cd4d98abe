"""Which reply belongs to which call? The bytes of one pipelined connection, without the connection: a node answers in
the order of the requests, and repeats their sequence ids. For the plain and the asyncio transport alike."""
import collections
import struct

from p2p_client.codec import sequence_of

# A larger frame is a protocol error: above the host's greatest [host] frame_bytes_max.
FRAME_BYTES_MAX = 352 << 20

_SEQUENCES = 0x7FFFFFFF


class Framing:
    """Calls that were sent and not yet answered, as `token`s of the caller, and a reply that has come in part."""

    def __init__(self):
        self._pending = collections.deque()  # (sequence, token), the oldest first
        self._received = bytearray()
        self._sequence = 0
        self._breach = None  # the rule that the node has broken

    def __len__(self):
        return len(self._pending)

    def send(self, request, token):
        """The bytes of the call; its reply will come with `token`, unless it is oneway."""
        self._sequence = self._sequence % _SEQUENCES + 1
        frame = request.encode(self._sequence)
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
            if len(received) - at < 4:
                break
            (length,) = struct.unpack_from(">I", received, at)
            if length > FRAME_BYTES_MAX:
                raise ValueError(f"a frame of {length} bytes")
            if len(received) - at - 4 < length:
                break
            message = bytes(memoryview(received)[at + 4:at + 4 + length])
            sequence, token = self._pending[0]
            if sequence_of(message) != sequence:
                raise ValueError("replies out of order")
            self._pending.popleft()
            at += 4 + length
            done.append((token, message))
        del received[:at]

    def tokens(self):
        """Of the calls that have no reply yet, the oldest first."""
        return [token for _, token in self._pending]

    def drop(self):
        """Tokens of the calls that will have no reply: the connection has ended."""
        tokens = self.tokens()
        self._pending.clear()
        return tokens
