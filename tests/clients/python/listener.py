"""A real listening socket for the tests of connections: it accepts, reads and answers only when the test says so."""
import contextlib
import socket
import struct

# More connections than the kernel queues for a listener with a backlog of 0.
QUEUED = 4


class Listener:
    """To be used in a `with` statement; `name` is its address."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._accepted = []
        return self

    def __exit__(self, *_):
        for accepted in self._accepted:
            accepted.close()
        self._socket.close()

    def accept(self):
        accepted, _ = self._socket.accept()
        self._accepted.append(accepted)
        return accepted


@contextlib.contextmanager
def full_listener():
    """A listening socket whose queue is full: it answers no connection attempt, as if packets were dropped on the way."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as queued:
        for _ in range(QUEUED):
            waiting = queued.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full


def read_call(accepted):
    """The message of one whole frame."""
    (length,) = struct.unpack(">I", _exactly(accepted, 4))
    return _exactly(accepted, length)


def not_found(message):
    """The frame that answers a Store.read with "not found"."""
    (name_bytes,) = struct.unpack_from(">I", message, 4)
    sequence = message[8 + name_bytes:12 + name_bytes]
    # A struct in field 0 with one field: found = false.
    answer = b"\x80\x01\x00\x02\x00\x00\x00\x04read" + sequence + b"\x0c\x00\x00\x02\x00\x01\x00\x00\x00"
    return struct.pack(">I", len(answer)) + answer


def _exactly(accepted, count):
    data = b""
    while len(data) < count:
        more = accepted.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def free_name():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"
