"""Which ports may a test use? Those of blocks that it has locked against every other test process of this machine."""
import atexit
import errno
import fcntl
import os
import socket
import tempfile

from harness import address
from harness.own_machine import user_id

# Below 32768: a port travels as i16 between classic nodes, and Linux gives out ephemeral ports from there on.
FIRST_PORT = 12000
LAST_PORT = 32000
# More than any test uses at once.
BLOCK_PORTS = 100


class _Blocks:
    """Blocks of ports that this process holds by file locks, which end with the process however it ends."""

    def __init__(self):
        self._folder = os.path.join(tempfile.gettempdir(), f"p2phost-test-ports-{user_id()}")
        self._locks = []
        self._free = iter(())

    def take(self, count):
        """`count` consecutive ports that nobody listens on."""
        run = []
        while len(run) < count:
            port = next(self._free, None)
            if port is None:
                self._lock_a_block()
                run = []
            elif not _is_free(port):
                run = []
            else:
                run.append(port)
        return run

    def _lock_a_block(self):
        os.makedirs(self._folder, exist_ok=True)
        blocks = range(FIRST_PORT, LAST_PORT - BLOCK_PORTS, BLOCK_PORTS)
        # Each process begins somewhere else, so that ports in TIME_WAIT are not met again at once.
        begin = os.getpid() % len(blocks)
        for first in list(blocks)[begin:] + list(blocks)[:begin]:
            lock = os.open(os.path.join(self._folder, str(first)), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as failure:
                os.close(lock)
                if failure.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                continue
            self._locks.append(lock)
            self._free = iter(range(first, first + BLOCK_PORTS))
            return
        raise RuntimeError(f"every block of test ports is taken; see {self._folder}")

    def release(self):
        for lock in self._locks:
            os.close(lock)
        self._locks.clear()


def _is_free(port):
    with address.unbound() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.HOST, port))
            return True
        except OSError:
            return False


_blocks = _Blocks()
atexit.register(_blocks.release)


def free_port():
    return _blocks.take(1)[0]


def free_ports(count):
    """`count` consecutive free ports."""
    return _blocks.take(count)
