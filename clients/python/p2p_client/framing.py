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
        """The replies that `data` completes, as [(token, message)]; ValueError when the node breaks the rules, and then
        the connection is good for nothing any more."""
        received = self._received
        received += data
        done, at = [], 0
        while len(received) - at >= 4:
            (length,) = struct.unpack_from(">I", received, at)
            if length > FRAME_BYTES_MAX:
                raise ValueError(f"a frame of {length} bytes")
            if len(received) - at - 4 < length:
                break
            message = bytes(memoryview(received)[at + 4:at + 4 + length])
            at += 4 + length
            done.append((self._token_of(message), message))
        del received[:at]
        return done

    def _token_of(self, message):
        if not self._pending:
            raise ValueError("a reply that nobody awaits")
        sequence, token = self._pending.popleft()
        if sequence_of(message) != sequence:
            raise ValueError("replies out of order")
        return token

    def tokens(self):
        """Of the calls that have no reply yet, the oldest first."""
        return [token for _, token in self._pending]

    def drop(self):
        """Tokens of the calls that will have no reply: the connection has ended."""
        tokens = self.tokens()
        self._pending.clear()
        return tokens
