"""Which connection does a call of the plain client use? An idle one to the node, or a new one. Their number per node is
limited; at the limit, calls wait."""
import threading
import time

from p2p_client.channel import Channel
from p2p_client.forking import call_after_fork
from p2p_client.framing import REQUEST_BYTES_MAX
from p2p_client.semaphore import Semaphore

# Connections to one node; further threads wait for one until their deadlines.
CONNECTIONS_PER_NODE_MAX = 16

# A connection that has been idle for longer is closed: a firewall on the way may have forgotten it.
IDLE_SECONDS_MAX = 60.0


class Exhausted(Exception):
    """No connection became free before the deadline."""


class Pool:
    """For any thread. A channel that take() returned belongs to its thread until it is given back or garbage-collected."""

    def __init__(self, connections_per_node=CONNECTIONS_PER_NODE_MAX, request_bytes_max=REQUEST_BYTES_MAX):
        self._limit = connections_per_node
        self._request_bytes_max = request_bytes_max
        self._is_closed = False
        self.after_fork()
        call_after_fork(self)

    def after_fork(self):
        """The channels belong to the parent, and have closed themselves in this child."""
        self._lock = threading.RLock()  # see Semaphore
        self._idle = {}  # node -> channels, the most recently used last
        self._semaphores = {}  # node -> the semaphore of its channels

    def take(self, node, deadline):
        """Returns a channel; a new one connects at its first exchange. Raises Exhausted at the deadline, or when the pool
        is closed."""
        permit = self._semaphore_of(node).acquire(deadline)
        if self._is_closed:
            raise Exhausted("the client is closed")
        if permit is None:
            raise Exhausted(f"all {self._limit} connections were in use until the deadline")
        channel = self._pop_usable(node) or Channel(node, self._request_bytes_max)
        channel.permit = permit
        return channel

    def _semaphore_of(self, node):
        with self._lock:
            semaphore = self._semaphores.get(node)
            if semaphore is None:
                semaphore = self._semaphores[node] = Semaphore(self._limit)
            return semaphore

    def _pop_usable(self, node):
        """The most recently used idle channel that still works, or None. Closes those that do not work or are too old."""
        oldest = time.monotonic() - IDLE_SECONDS_MAX
        while (channel := self._pop_idle(node)) is not None:
            if channel.idle_since >= oldest and channel.is_usable():
                return channel
            channel.close()
        return None

    def _pop_idle(self, node):
        with self._lock:
            idle = self._idle.get(node)
            return idle.pop() if idle else None

    def give_back(self, channel):
        """Makes the channel idle, or closes it if it cannot be used again."""
        permit, channel.permit = channel.permit, None
        with self._lock:
            now = time.monotonic()
            idle = self._idle.setdefault(channel.node, [])
            useless = [other for other in idle if other.idle_since < now - IDLE_SECONDS_MAX]
            del idle[:len(useless)]  # they are the first
            if channel.is_reusable and not self._is_closed:
                channel.idle_since = now
                idle.append(channel)
            else:
                useless.append(channel)
            semaphore = self._semaphores.get(channel.node)
        if semaphore is not None:
            semaphore.release(permit)
        for channel in useless:
            channel.close()

    def keep_only(self, nodes):
        """Closes the idle connections to all other nodes; those have left the network."""
        with self._lock:
            gone = [self._idle.pop(node) for node in list(self._idle) if node not in nodes]
            for node in [node for node in self._semaphores if node not in nodes]:
                del self._semaphores[node]
        for channels in gone:
            for channel in channels:
                channel.close()

    def close(self):
        """Closes idle channels now, and those in use when they are given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = list(self._idle.values()), {}
            for semaphore in self._semaphores.values():
                semaphore.close()
        for channels in idle:
            for channel in channels:
                channel.close()
