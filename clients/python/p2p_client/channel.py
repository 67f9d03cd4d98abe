"""One connection of the plain client: how do calls get through it without ever blocking? An Exchange is what one thread
wants of it; whoever runs the exchanges waits, with poll(2), for all of them at once (exchange_all)."""
import collections
import errno
import os
import select
import socket
import time

from p2p_client.faults import CLOSED, TIMED_OUT
from p2p_client.forking import start_anew_in_children
from p2p_client.framing import REQUEST_BYTES_MAX, Framing, NotSent
from p2p_client.interruption import is_foreign
from p2p_client.outcome import Answered, Lost, Untaken
from p2p_client.view import address_of

# Calls that one exchange has sent and not yet got answered: far below the host's calls_in_flight_max.
CALLS_IN_FLIGHT_MAX = 128

# A node whose machine does not even refuse is passed over after so long. The addresses of its name share this time: each may
# take an equal part of what is left.
CONNECT_SECONDS_MAX = 1.0

# Addresses of one name that are tried.
ADDRESSES_MAX = 8

# No further call becomes bytes while so many wait for the socket.
UNSENT_BYTES_MAX = 1 << 20

_RECEIVE_BYTES = 256 << 10


class Channel:
    """A socket to a node with what is on the way through it. Of one thread at a time; opened by its first exchange."""

    socket = None

    def __init__(self, node, request_bytes_max=REQUEST_BYTES_MAX, framing=None):
        self.node = node
        self.framing = Framing(request_bytes_max) if framing is None else framing
        self.is_connected = False
        self.is_reusable = False  # its last exchange has come to its end: nothing is on the way, no message in part
        self.idle_since = 0.0
        self.seat = None  # of the pool, while it is in use
        self._addresses = collections.deque()  # not tried yet
        self._try_until = None  # the present one; by time.monotonic()
        start_anew_in_children(self)

    def __del__(self):
        self.close()  # lost by a call that was interrupted

    def forked(self):
        """The connection is the parent's. Who was using it here, and goes on, finds its socket closed."""
        self.is_reusable = False
        if self.socket is not None:
            self.socket.close()

    def begin_connect(self):
        """Starts to connect; OSError when there is no address that could be tried."""
        host, port = address_of(self.node)
        self._addresses.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:ADDRESSES_MAX])
        self._try_next(0)

    def _try_next(self, error):
        """Starts with the next address that the system does not refuse at once; OSError when there is none, after
        `error`."""
        self._try_until = None
        while self._addresses:
            try:
                error = self._try_one(*self._addresses.popleft())
            except OSError as failure:  # such as a family that this machine does not have
                if is_foreign(failure):
                    raise
                error = failure.errno
            if error in (0, errno.EINPROGRESS):
                return
            self.close()
        raise OSError(error, f"cannot connect: {os.strerror(error)}")

    def _try_one(self, family, kind, protocol, _, address):
        self.socket = socket.socket(family, kind, protocol)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.socket.connect_ex(address)  # when it is under way, end_connect() tells its end

    def end_connect(self):
        """The socket can be written: whether it is connected. Tries the next address itself; OSError after the last."""
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error == 0:
            self.is_connected = True
            self._addresses.clear()
            return
        self.close()
        self._try_next(error)

    def part_ends_at(self, now, connect_by):
        """When the address that is being tried gives way to the next: all are tried before `connect_by`."""
        if self._try_until is None:
            left = len(self._addresses)
            self._try_until = now + (connect_by - now) / (1 + left) if left else connect_by
        return self._try_until

    def try_next(self):
        """Gives up the address that is being tried, which is silent; OSError when it is the last."""
        self.close()
        self._try_next(errno.ETIMEDOUT)

    def is_sound(self):
        """Whether an idle channel can be used: a node that has closed it, or says what nobody asked, has made it
        readable."""
        watch = select.poll()
        watch.register(self.socket, select.POLLIN)
        return not watch.poll(0)

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None
        self.is_connected = self.is_reusable = False


class Exchange:
    """Calls through one channel, pipelined; each ends with an outcome at `outcomes[token]`."""

    def __init__(self, channel, requests, outcomes):
        self.channel = channel
        self.is_over = False
        self._requests = collections.deque(requests)  # (token, request)
        self._outcomes = outcomes
        self._unsent = bytearray()
        self._sent = 0  # bytes, since the exchange began
        self._ends = collections.deque()  # (where a call's frame ends, token, request), of calls on the way
        self._framed = 0
        self._is_ending = False  # the node has closed; replies may still be on the way, and nothing is sent any more
        self._left = set()  # tokens of calls that have left whole and are not answered
        channel.is_reusable = False
        if channel.socket is None:
            self._guarded(channel.begin_connect)

    def begin(self):
        """Sends what the socket takes at once; saves a poll when the channel is open already."""
        if not self.is_over and self.channel.is_connected:
            self._guarded(self._flow)

    def wants(self):
        """The events to poll for."""
        if not self.channel.is_connected:
            return select.POLLOUT
        return select.POLLIN | select.POLLRDHUP | (select.POLLOUT if self._unsent else 0)

    def ready(self, events):
        """These events have come."""
        self._is_ending = self._is_ending or bool(events & select.POLLRDHUP)
        self._guarded(self._flow if self.channel.is_connected else self._connected)

    def next_address_at(self, now, connect_by):
        """Goes on to the node's next address when the present one has had its part of the time; when the next does."""
        while not self.is_over and not self.channel.is_connected:
            ends_at = self.channel.part_ends_at(now, connect_by)
            if now < ends_at:
                return ends_at
            self._guarded(self.channel.try_next)
        return connect_by

    def expire(self):
        """The deadline: calls that have no answer are lost, or were never sent; the channel is of no use any more."""
        self._break("no answer before the deadline", TIMED_OUT)

    def fail(self, why):
        self._break(why)

    def _guarded(self, step):
        try:
            step()
        except (OSError, ValueError) as failure:
            if is_foreign(failure):
                raise
            self._break(str(failure) or type(failure).__name__)

    def _connected(self):
        self.channel.end_connect()
        if self.channel.is_connected:
            self._flow()

    def _flow(self):
        """Moves what can be moved, in both directions."""
        while True:
            if not self._is_ending:
                self._frame_more()
                self._send()
            if not self._receive() or self.is_over:
                return

    def _frame_more(self):
        framing = self.channel.framing
        while self._requests and len(framing) < CALLS_IN_FLIGHT_MAX and len(self._unsent) < UNSENT_BYTES_MAX:
            token, request = self._requests.popleft()
            try:
                frame = framing.send(request, (token, request))
            except NotSent as why:
                self._outcomes[token] = why.outcome
                continue
            self._unsent += frame
            self._framed += len(frame)
            self._ends.append((self._framed, token, request))

    def _send(self):
        if self._unsent:
            try:
                sent = self.channel.socket.send(self._unsent)
            except BlockingIOError:
                return
            del self._unsent[:sent]
            self._sent += sent
        while self._ends and self._ends[0][0] <= self._sent:
            _, token, request = self._ends.popleft()
            if request.is_oneway:
                self._outcomes[token] = Answered(None)
            else:
                self._left.add(token)
        self._note_the_end()

    def _receive(self):
        """Whether replies came, so that more can be sent."""
        if self.is_over:
            return False
        try:
            data = self.channel.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            raise ConnectionError("the node has closed the connection")
        framing = self.channel.framing
        replies = framing.receive(data)
        for (token, request), message in replies:
            self._left.discard(token)
            self._outcomes[token] = request.outcome_of(message)
        framing.check()
        self._note_the_end()
        return bool(replies)

    def _note_the_end(self):
        if not self._requests and not self._unsent and not len(self.channel.framing):
            self.is_over = True
            if self.channel.framing.is_for_one_call:
                self.channel.close()
            else:
                self.channel.is_reusable = True

    def _break(self, why, fault=CLOSED):
        """Ends what is open: a call whose frame has left whole may be executed, no other can be."""
        self.is_over = True
        self.channel.close()
        for token, _ in self.channel.framing.drop():
            self._outcomes[token] = Lost(why, fault) if token in self._left else Untaken(why)
        for _, token, request in self._ends:
            if request.is_oneway:
                self._outcomes[token] = Untaken(why)
        for token, _ in self._requests:
            self._outcomes[token] = Untaken(why)


def exchange_all(exchanges, deadline):
    """Runs all to their ends, which come at `deadline` (time.monotonic) at the latest."""
    try:
        _run_all(exchanges, deadline)
    finally:  # an exception of a signal's handler leaves no channel with half a message in it
        for exchange in exchanges:
            if not exchange.is_over:
                exchange.fail("interrupted")


def _run_all(exchanges, deadline):
    connect_by = min(deadline, time.monotonic() + CONNECT_SECONDS_MAX)
    for exchange in exchanges:
        exchange.begin()
    while True:
        active = [exchange for exchange in exchanges if not exchange.is_over]
        if not active:
            return
        now = time.monotonic()
        if now >= deadline:
            for exchange in active:
                exchange.expire()
            return
        connecting = [exchange for exchange in active if not exchange.channel.is_connected]
        if connecting and now >= connect_by:
            for exchange in connecting:
                exchange.fail("the node does not answer the connect")
            continue
        wake_at = min((exchange.next_address_at(now, connect_by) for exchange in connecting), default=deadline)
        if not any(exchange.is_over for exchange in connecting):
            _wait(active, wake_at - now)


def _wait(active, seconds):
    watch = select.poll()
    by_descriptor = {}
    for exchange in active:
        descriptor = exchange.channel.socket.fileno()
        if descriptor < 0:
            exchange.fail("the process has forked, and the connection is the parent's")
            return
        by_descriptor[descriptor] = exchange
        watch.register(descriptor, exchange.wants())
    # Rounded up, so that the time is over when it returns.
    for descriptor, events in watch.poll(seconds * 1000 + 1):
        by_descriptor[descriptor].ready(events)
