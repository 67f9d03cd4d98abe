"""Which connection does a call of the plain client use? An idle one to the node, or a new one. The number per node is
limited; above it, calls wait."""
import threading
import time

from p2p_client.channel import Channel
from p2p_client.forking import start_anew_in_children
from p2p_client.framing import REQUEST_BYTES_MAX
from p2p_client.seats import Seats

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
        self.forked()
        start_anew_in_children(self)

    def forked(self):
        """The channels belong to the parent, and have closed themselves in this child."""
        self._lock = threading.RLock()  # see Seats
        self._idle = {}  # node -> channels, the most recently used last
        self._seats = {}  # node -> the seats of channels in use

    def take(self, node, deadline):
        """Returns a channel; a new one connects at its first exchange. Raises Exhausted at the deadline, or when the pool
        is closed."""
        seat = self._seats_of(node).take(deadline)
        if self._is_closed:
            raise Exhausted("the client is closed")
        if seat is None:
            raise Exhausted(f"all {self._limit} connections were in use until the deadline")
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
        """The most recently used idle channel that still works, or None. Closes those that do not, or are too old."""
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
        """Makes the channel idle, or closes it if it cannot be used again."""
        seat, channel.seat = channel.seat, None
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
            seats = self._seats.get(channel.node)
        if seats is not None:
            seats.leave(seat)
        for channel in useless:
            channel.close()

    def keep_only(self, nodes):
        """Closes the idle connections to all other nodes, which have left the network."""
        with self._lock:
            gone = [self._idle.pop(node) for node in list(self._idle) if node not in nodes]
            for node in [node for node in self._seats if node not in nodes]:
                del self._seats[node]
        for channels in gone:
            for channel in channels:
                channel.close()

    def close(self):
        """Closes idle channels now, and those in use when they are given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = list(self._idle.values()), {}
            for seats in self._seats.values():
                seats.close()
        for channels in idle:
            for channel in channels:
                channel.close()
