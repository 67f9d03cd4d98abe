"""One pipelined connection of the asyncio client: framed Thrift on an asyncio transport. Everything here belongs to one
event loop."""
import asyncio
import os
import select
import socket

from p2p_client.async_waiting import WaitQueue
from p2p_client.forking import call_after_fork
from p2p_client.framing import NotSent
from p2p_client.interruption import is_from_signal_handler
from p2p_client.outcome import Answered, Lost, NotExecuted

# Calls in flight on one connection; further ones wait. Below the host's calls_in_flight_max, so that the node does not stop
# reading.
CALLS_IN_FLIGHT_MAX = 512

# A connection is closed if a call on it has timed out and no data has arrived for this long: the network path to the node may
# be broken without any error.
SILENT_SECONDS_MAX = 10.0


# Frames are collected until the loop's next turn and sent in one write; at this size they are sent at once.
COLLECTED_BYTES_MAX = 64 << 10


class AsyncConnection(asyncio.Protocol):
    """Made by loop.create_connection(); `on_lost(self)` is called when the connection has ended."""

    def __init__(self, on_lost, framing):
        self._on_lost = on_lost
        self._framing = framing
        self._transport = None
        self._close_poll = select.poll()  # sees that the node has closed before the loop does
        self._is_paused = False
        self._unsent = []  # (frame, future, whether it is oneway), until the loop's next turn
        self._unsent_bytes = 0
        self._waiting = WaitQueue()  # for room
        self._why = None  # why the connection has ended; None while it is open
        self._last_data_at = 0.0  # loop.time() when data came last, or when a call was sent while none was in flight
        call_after_fork(self)

    def after_fork(self):
        """The connection and the loop are the parent's. The loop must not be touched: both processes may share its epoll
        instance. So only the descriptor is replaced."""
        self._why = self._why or "the process has forked, and the connection belongs to the parent"
        descriptor = self._transport.get_extra_info("socket").fileno() if self._transport is not None else -1
        if descriptor >= 0:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, descriptor, inheritable=False)
            os.close(nothing)

    # --- called by the client ---

    @property
    def has_room(self):
        return not self._is_paused and len(self._framing) < CALLS_IN_FLIGHT_MAX

    @property
    def is_open(self):
        return self._why is None

    @property
    def is_idle(self):
        """No caller waits for a reply."""
        return all(future.done() for future, _ in self._framing.tokens())

    def start(self, request):
        """Sends a call and returns the future of its outcome. Only while there is room."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if self._why is not None:
            future.set_result(NotExecuted(self._why))
            return future
        try:
            self._collect(self._framing.send(request, (future, request)), future, request.is_oneway, loop)
        except NotSent as why:
            future.set_result(why.outcome)
            self._wake()  # the room goes to another call
            return future
        except BaseException:  # raised by a signal handler: it is unknown what was sent
            self.close("interrupted")
            raise
        if len(self._framing) == 1:
            self._last_data_at = loop.time()
        return future

    def _collect(self, frame, future, is_oneway, loop):
        if not self._unsent:
            loop.call_soon(self._flush)
        self._unsent.append((frame, future, is_oneway))
        self._unsent_bytes += len(frame)
        if self._unsent_bytes >= COLLECTED_BYTES_MAX:
            self._flush()

    def _flush(self):
        """Sends the collected frames in one write."""
        if not self._unsent:
            return
        if self._why is None and self._close_poll.poll(0):
            # What is sent now would be lost; replies to earlier calls may still be in the socket.
            self._why = "the node has closed the connection"
        if self._why is not None:
            self._fail_unsent()
            return
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        try:
            self._transport.write(b"".join(frame for frame, _, _ in unsent))
        except BaseException:  # raised by a signal handler: it is unknown what was sent
            self.close("interrupted")
            raise
        for _, future, is_oneway in unsent:
            if is_oneway and not future.done():
                future.set_result(Answered(None))

    def _fail_unsent(self):
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        for _, future, _ in unsent:
            if not future.done():
                future.set_result(NotExecuted(self._why))

    async def wait_for_room(self):
        """Returns when there may be room, or the connection has ended."""
        if self.has_room or self._why is not None:
            return
        try:
            await self._waiting.wait()
        except asyncio.CancelledError:
            self._wake()  # the next one, if this one had been woken
            raise

    def note_timeout(self):
        """A call has reached its deadline without a reply."""
        if asyncio.get_running_loop().time() - self._last_data_at > SILENT_SECONDS_MAX:
            self.close("the node is silent")

    def close(self, why="the client is closed"):
        """Ends every call in flight."""
        self._why = self._why or why
        self._fail_unsent()
        if self._transport is not None:
            self._transport.abort()

    # --- called by the transport ---

    def connection_made(self, transport):
        self._transport = transport
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._close_poll.register(connected.fileno(), select.POLLRDHUP)

    def data_received(self, data):
        self._last_data_at = asyncio.get_running_loop().time()
        try:
            for (future, request), message in self._framing.receive(data):
                # A cancelled call keeps its place in the order of replies.
                if not future.done():
                    future.set_result(request.outcome_of(message))
            self._framing.check()
        except ValueError as failure:
            self.close(str(failure))
            if is_from_signal_handler(failure):
                raise
        except BaseException:  # raised by a signal handler: it is unknown what was answered
            self.close("interrupted")
            raise
        self._wake()

    def connection_lost(self, failure):
        self._why = self._why or (str(failure) if failure else "the node has closed the connection")
        self._fail_unsent()
        for future, _ in self._framing.drop():
            if not future.done():
                future.set_result(Lost(self._why))  # it is unknown how much of it was sent
        self._wake()
        self._on_lost(self)

    def pause_writing(self):
        self._is_paused = True

    def resume_writing(self):
        self._is_paused = False
        self._wake()

    def _wake(self):
        if self._why is not None:
            self._waiting.wake(len(self._waiting))
        elif not self._is_paused:
            self._waiting.wake(CALLS_IN_FLIGHT_MAX - len(self._framing))
