"""Which connection does a call of the plain client take? An idle one to the node, a new one, or it waits for one: their
number is bounded for each node."""
import threading
import time

from p2p_client.channel import Channel
from p2p_client.forking import start_anew_in_children
from p2p_client.framing import REQUEST_BYTES_MAX
from p2p_client.seats import Seats

# Connections to one node; a further thread waits for one until its deadline.
CONNECTIONS_PER_NODE_MAX = 16

# One that has lain idle for longer is closed: whatever stands between may have forgotten it.
IDLE_SECONDS_MAX = 60.0


class Exhausted(Exception):
    """No connection came free before the deadline."""


class Pool:
    """Any thread; a channel that was taken is the thread's own until it is given back, or lost."""

    def __init__(self, connections_per_node=CONNECTIONS_PER_NODE_MAX, request_bytes_max=REQUEST_BYTES_MAX):
        self._limit = connections_per_node
        self._request_bytes_max = request_bytes_max
        self._is_closed = False
        self.forked()
        start_anew_in_children(self)

    def forked(self):
        """The channels are the parent's, and have closed themselves."""
        self._lock = threading.RLock()  # see Seats
        self._idle = {}  # node -> channels, that used last at the end
        self._seats = {}  # node -> for channels in use

    def take(self, node, deadline):
        """A channel, open or to be opened by its first exchange. Exhausted at the deadline, or when the pool is
        closed."""
        seat = self._seats_of(node).take(deadline)
        if self._is_closed:
            raise Exhausted("the client is closed")
        if seat is None:
            raise Exhausted(f"{self._limit} connections are in use until the deadline")
        channel = self._pop_sound(node) or Channel(node, self._request_bytes_max)
        channel.seat = seat
        return channel

    def _seats_of(self, node):
        with self._lock:
            seats = self._seats.get(node)
            if seats is None:
                seats = self._seats[node] = Seats(self._limit)
            return seats

    def _pop_sound(self, node):
        """The idle channel that was used last, if any can be used: the others grow old and are closed."""
        oldest = time.monotonic() - IDLE_SECONDS_MAX
        while (channel := self._pop_idle(node)) is not None:
            if channel.idle_since >= oldest and channel.is_sound():
                return channel
            channel.close()
        return None

    def _pop_idle(self, node):
        with self._lock:
            idle = self._idle.get(node)
            return idle.pop() if idle else None

    def give_back(self, channel):
        """The channel is idle again, or closed: then it is forgotten."""
        seat, channel.seat = channel.seat, None
        with self._lock:
            now = time.monotonic()
            idle = self._idle.setdefault(channel.node, [])
            useless = [other for other in idle if other.idle_since < now - IDLE_SECONDS_MAX]
            del idle[:len(useless)]  # the oldest come first
            if channel.is_reusable and not self._is_closed:
                channel.idle_since = now
                idle.append(channel)
            else:
                useless.append(channel)
            seats = self._seats.get(channel.node)
        if seats is not None:
            seats.leave(seat)
        for channel in useless:
            channel.close()

    def keep_only(self, nodes):
        """Closes idle connections to all others: they have left the network."""
        with self._lock:
            gone = [self._idle.pop(node) for node in list(self._idle) if node not in nodes]
            for node in [node for node in self._seats if node not in nodes]:
                del self._seats[node]
        for channels in gone:
            for channel in channels:
                channel.close()

    def close(self):
        """Ends what is idle now, and what is in use when it is given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = list(self._idle.values()), {}
            for seats in self._seats.values():
                seats.close()
        for channels in idle:
            for channel in channels:
                channel.close()
