"""How does the plain client send calls through a connection without blocking? An Exchange holds the calls of one thread for
one Channel; exchange_all() waits for all exchanges of the thread at once, with poll(2)."""
import collections
import errno
import os
import select
import socket
import time

from p2p_client.faults import CLOSED, TIMED_OUT
from p2p_client.forking import call_after_fork
from p2p_client.framing import REQUEST_BYTES_MAX, Framing, NotSent
from p2p_client.interruption import is_from_signal_handler
from p2p_client.outcome import Answered, Lost, NotExecuted
from p2p_client.view import address_of

# Calls in flight of one exchange: far below the host's calls_in_flight_max.
CALLS_IN_FLIGHT_MAX = 128

# Connecting to a node may take this long. The addresses of its name share this time: each gets an equal part of the
# remaining time.
CONNECT_SECONDS_MAX = 1.0

# At most this many addresses of one name are tried.
ADDRESSES_MAX = 8

# No further call is encoded while this many bytes wait for the socket.
UNSENT_BYTES_MAX = 1 << 20

_RECEIVE_BYTES = 256 << 10


class Channel:
    """A socket to a node, with the calls in flight. Used by one thread at a time; opened by its first exchange."""

    socket = None

    def __init__(self, node, request_bytes_max=REQUEST_BYTES_MAX, framing=None):
        self.node = node
        self.framing = Framing(request_bytes_max) if framing is None else framing
        self.is_connected = False
        self.is_reusable = False  # its last exchange is complete: no call in flight, no partial message
        self.idle_since = 0.0
        self.permit = None  # of the pool, while it is in use
        self._addresses = collections.deque()  # not tried yet
        self._try_until = None  # deadline of the current address, by time.monotonic()
        call_after_fork(self)

    def __del__(self):
        self.close()  # a call that was interrupted did not give it back

    def after_fork(self):
        """The connection is the parent's. A call that continues in the child finds its socket closed."""
        self.is_reusable = False
        if self.socket is not None:
            self.socket.close()

    def begin_connect(self):
        """Starts connecting. Raises OSError if there is no address to try."""
        host, port = address_of(self.node)
        self._addresses.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:ADDRESSES_MAX])
        self._try_next(0)

    def _try_next(self, error):
        """Starts connecting to the next address that the system does not refuse at once. Raises OSError if there is none;
        `error` is that of the address before."""
        self._try_until = None
        while self._addresses:
            try:
                error = self._try_one(*self._addresses.popleft())
            except OSError as failure:  # such as an address family that this machine does not have
                if is_from_signal_handler(failure):
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
        return self.socket.connect_ex(address)  # EINPROGRESS: see end_connect()

    def end_connect(self):
        """To be called when the socket is writable. Sets is_connected, or tries the next address; raises OSError after the
        last one."""
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error == 0:
            self.is_connected = True
            self._addresses.clear()
            return
        self.close()
        self._try_next(error)

    def address_deadline(self, now, connect_by):
        """When the next address is tried instead of the current one: all are tried before `connect_by`."""
        if self._try_until is None:
            left = len(self._addresses)
            self._try_until = now + (connect_by - now) / (1 + left) if left else connect_by
        return self._try_until

    def try_next_address(self):
        """Gives up the current address, which has not answered. Raises OSError if it is the last one."""
        self.close()
        self._try_next(errno.ETIMEDOUT)

    def is_usable(self):
        """Whether an idle channel can be used. It is readable if the node has closed it or sent data without a request."""
        watch = select.poll()
        watch.register(self.socket, select.POLLIN)
        return not watch.poll(0)

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None
        self.is_connected = self.is_reusable = False


class Exchange:
    """Pipelined calls through one channel; the outcome of each is stored in `outcomes[token]`."""

    def __init__(self, channel, requests, outcomes):
        self.channel = channel
        self.is_over = False
        self._requests = collections.deque(requests)  # (token, request)
        self._outcomes = outcomes
        self._unsent = bytearray()
        self._encoded_bytes = 0  # of all frames so far
        self._sent_bytes = 0
        self._frame_ends = collections.deque()  # (_encoded_bytes at the end of the frame, token, request), of unsent frames
        self._is_ending = False  # the node has closed: nothing more is sent, but replies may still arrive
        self._sent_whole = set()  # tokens of calls that were sent completely and are not answered
        channel.is_reusable = False
        if channel.socket is None:
            self._run_step(channel.begin_connect)

    def begin(self):
        """Sends what the socket accepts at once; saves a poll when the channel is already open."""
        if not self.is_over and self.channel.is_connected:
            self._run_step(self._transfer)

    def wants(self):
        """The events to poll for."""
        if not self.channel.is_connected:
            return select.POLLOUT
        return select.POLLIN | select.POLLRDHUP | (select.POLLOUT if self._unsent else 0)

    def ready(self, events):
        """To be called when poll(2) has reported `events`."""
        self._is_ending = self._is_ending or bool(events & select.POLLRDHUP)
        self._run_step(self._transfer if self.channel.is_connected else self._connected)

    def check_address(self, now, connect_by):
        """Tries the node's next address if the current one has used up its time. Returns when to call this again."""
        while not self.is_over and not self.channel.is_connected:
            ends_at = self.channel.address_deadline(now, connect_by)
            if now < ends_at:
                return ends_at
            self._run_step(self.channel.try_next_address)
        return connect_by

    def expire(self):
        """To be called at the deadline: ends the calls without an answer, and closes the channel."""
        self._abort("no answer before the deadline", TIMED_OUT)

    def fail(self, why):
        self._abort(why)

    def _run_step(self, step):
        try:
            step()
        except (OSError, ValueError) as failure:
            if is_from_signal_handler(failure):
                raise
            self._abort(str(failure) or type(failure).__name__)

    def _connected(self):
        self.channel.end_connect()
        if self.channel.is_connected:
            self._transfer()

    def _transfer(self):
        """Sends and receives as much as is possible without waiting."""
        while True:
            if not self._is_ending:
                self._encode_more()
                self._send()
            if not self._receive() or self.is_over:
                return

    def _encode_more(self):
        framing = self.channel.framing
        while self._requests and len(framing) < CALLS_IN_FLIGHT_MAX and len(self._unsent) < UNSENT_BYTES_MAX:
            token, request = self._requests.popleft()
            try:
                frame = framing.send(request, (token, request))
            except NotSent as why:
                self._outcomes[token] = why.outcome
                continue
            self._unsent += frame
            self._encoded_bytes += len(frame)
            self._frame_ends.append((self._encoded_bytes, token, request))

    def _send(self):
        if self._unsent:
            try:
                sent = self.channel.socket.send(self._unsent)
            except BlockingIOError:
                return
            del self._unsent[:sent]
            self._sent_bytes += sent
        while self._frame_ends and self._frame_ends[0][0] <= self._sent_bytes:
            _, token, request = self._frame_ends.popleft()
            if request.is_oneway:
                self._outcomes[token] = Answered(None)
            else:
                self._sent_whole.add(token)
        self._check_finished()

    def _receive(self):
        """Returns whether replies have arrived, so that more can be sent."""
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
            self._sent_whole.discard(token)
            self._outcomes[token] = request.outcome_of(message)
        framing.check()
        self._check_finished()
        return bool(replies)

    def _check_finished(self):
        if not self._requests and not self._unsent and not len(self.channel.framing):
            self.is_over = True
            if self.channel.framing.is_for_one_call:
                self.channel.close()
            else:
                self.channel.is_reusable = True

    def _abort(self, why, fault=CLOSED):
        """Ends all open calls: one whose frame was sent completely may be executed, no other can be."""
        self.is_over = True
        self.channel.close()
        for token, _ in self.channel.framing.drop():
            self._outcomes[token] = Lost(why, fault) if token in self._sent_whole else NotExecuted(why)
        for _, token, request in self._frame_ends:
            if request.is_oneway:
                self._outcomes[token] = NotExecuted(why)
        for token, _ in self._requests:
            self._outcomes[token] = NotExecuted(why)


def exchange_all(exchanges, deadline):
    """Runs all exchanges until they are over, at `deadline` (time.monotonic) at the latest."""
    try:
        _run_all(exchanges, deadline)
    finally:  # a signal handler's exception must not leave a channel with a partial message
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
                exchange.fail("the node does not answer the connection attempt")
            continue
        wake_at = min((exchange.check_address(now, connect_by) for exchange in connecting), default=deadline)
        if not any(exchange.is_over for exchange in connecting):
            _wait(active, wake_at - now)


def _wait(active, seconds):
    watch = select.poll()
    by_descriptor = {}
    for exchange in active:
        descriptor = exchange.channel.socket.fileno()
        if descriptor < 0:
            exchange.fail("the process has forked, and the connection belongs to the parent")
            return
        by_descriptor[descriptor] = exchange
        watch.register(descriptor, exchange.wants())
    # Rounded up, so that the time has passed when poll() returns.
    for descriptor, events in watch.poll(seconds * 1000 + 1):
        by_descriptor[descriptor].ready(events)
