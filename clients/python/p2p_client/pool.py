"""Which connection does a call of the plain client take? An idle one to the node, a new one, or it waits for one: their
number is bounded for each node."""
import threading
import time

from p2p_client.channel import Channel
from p2p_client.framing import REQUEST_BYTES_MAX

# Connections to one node; a further thread waits for one until its deadline.
CONNECTIONS_PER_NODE_MAX = 16

# One that has lain idle for longer is closed: whatever stands between may have forgotten it.
IDLE_SECONDS_MAX = 60.0


class Exhausted(Exception):
    """No connection came free before the deadline."""


class Pool:
    """Any thread; a channel that was taken is the thread's own until it is given back."""

    def __init__(self, connections_per_node=CONNECTIONS_PER_NODE_MAX, request_bytes_max=REQUEST_BYTES_MAX):
        self._limit = connections_per_node
        self._request_bytes_max = request_bytes_max
        self._idle = {}  # node -> channels, that used last at the end
        self._taken = {}  # node -> how many
        self._changed = threading.Condition()
        self._is_closed = False

    def take(self, node, deadline):
        """A channel, open or to be opened by its first exchange. Exhausted at the deadline, or when the pool is
        closed."""
        with self._changed:
            while not self._is_closed and self._taken.get(node, 0) >= self._limit:
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Exhausted(f"{self._limit} connections are in use until the deadline")
            if self._is_closed:
                raise Exhausted("the client is closed")
            self._taken[node] = self._taken.get(node, 0) + 1
        oldest = time.monotonic() - IDLE_SECONDS_MAX
        while (channel := self._pop_idle(node)) is not None:
            if channel.idle_since >= oldest and channel.is_sound():
                return channel
            channel.close()
        return Channel(node, self._request_bytes_max)

    def _pop_idle(self, node):
        """That which was used last: the others grow old and are closed."""
        with self._changed:
            idle = self._idle.get(node)
            return idle.pop() if idle else None

    def give_back(self, channel):
        """The channel is idle again, or closed: then it is forgotten."""
        with self._changed:
            self._taken[channel.node] -= 1
            if not self._taken[channel.node]:
                del self._taken[channel.node]
            self._changed.notify_all()  # who wakes up may wait for another node
            now = time.monotonic()
            idle = self._idle.setdefault(channel.node, [])
            useless = [other for other in idle if other.idle_since < now - IDLE_SECONDS_MAX]
            del idle[:len(useless)]  # the oldest come first
            if channel.is_connected and not len(channel.framing) and not self._is_closed:
                channel.idle_since = now
                idle.append(channel)
            else:
                useless.append(channel)
        for channel in useless:
            channel.close()

    def keep_only(self, nodes):
        """Closes idle connections to all others: they have left the network."""
        with self._changed:
            gone = [self._idle.pop(node) for node in list(self._idle) if node not in nodes]
        for channels in gone:
            for channel in channels:
                channel.close()

    def close(self):
        """Ends what is idle now, and what is in use when it is given back."""
        with self._changed:
            self._is_closed = True
            idle, self._idle = list(self._idle.values()), {}
            self._changed.notify_all()
        for channels in idle:
            for channel in channels:
                channel.close()
