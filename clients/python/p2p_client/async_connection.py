"""One pipelined connection of the asyncio client: framed Thrift on an asyncio transport. Everything in here belongs to
one event loop."""
import asyncio
import os
import select
import socket

from p2p_client.async_gate import Gate
from p2p_client.forking import start_anew_in_children
from p2p_client.framing import NotSent
from p2p_client.interruption import is_foreign
from p2p_client.outcome import Answered, Lost, Untaken

# Calls of one connection that are not answered; a further one waits until some are. Below the host's
# calls_in_flight_max, so that the node goes on reading.
CALLS_IN_FLIGHT_MAX = 512

# A connection on which calls wait in vain, and nothing was heard for so long, is given up: the way to the node may be
# gone although no packet has said so.
SILENT_SECONDS_MAX = 10.0


# So much of what is to be sent is collected until the loop's next turn; above it, it is sent at once.
COLLECTED_BYTES_MAX = 64 << 10


class AsyncConnection(asyncio.Protocol):
    """Made by loop.create_connection(); `ended(self)` is called when it is of no use any more."""

    def __init__(self, ended, framing):
        self._ended = ended
        self._framing = framing
        self._transport = None
        self._end = select.poll()  # knows of the node's close before the loop does
        self._is_paused = False
        self._unsent = []  # (frame, future, whether it is oneway), until the loop's next turn
        self._unsent_bytes = 0
        self._waiting = Gate()  # for room
        self._why = None  # it has ended
        self._heard_at = 0.0  # by the loop's clock: when data came, or the first call of those that wait was sent

        start_anew_in_children(self)

    def forked(self):
        """The connection is the parent's, and so is the loop, which is not to be touched: it may watch its sockets by what
        both processes share. Only the descriptor is given up."""
        self._why = self._why or "the process has forked, and the connection is the parent's"
        descriptor = self._transport.get_extra_info("socket").fileno() if self._transport is not None else -1
        if descriptor >= 0:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, descriptor, inheritable=False)
            os.close(nothing)

    # --- what the client wants ---

    @property
    def has_room(self):
        return not self._is_paused and len(self._framing) < CALLS_IN_FLIGHT_MAX

    @property
    def is_open(self):
        return self._why is None

    @property
    def is_idle(self):
        """Nobody waits for anything from it."""
        return all(future.done() for future, _ in self._framing.tokens())

    def start(self, request):
        """Sends a call; a future of its outcome. Only while there is room."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if self._why is not None:
            future.set_result(Untaken(self._why))
            return future
        try:
            self._collect(self._framing.send(request, (future, request)), future, request.is_oneway, loop)
        except NotSent as why:
            future.set_result(why.outcome)
            self._let_in()  # another in its place
            return future
        except BaseException:  # of a signal's handler: what has left is not known
            self.close("interrupted")
            raise
        if len(self._framing) == 1:
            self._heard_at = loop.time()
        return future

    def _collect(self, frame, future, is_oneway, loop):
        if not self._unsent:
            loop.call_soon(self._flush)
        self._unsent.append((frame, future, is_oneway))
        self._unsent_bytes += len(frame)
        if self._unsent_bytes >= COLLECTED_BYTES_MAX:
            self._flush()

    def _flush(self):
        """Sends what was collected, in one piece."""
        if not self._unsent:
            return
        if self._why is None and self._end.poll(0):
            # What is sent now would only be lost; what waits for replies may still find them in the socket.
            self._why = "the node has closed the connection"
        if self._why is not None:
            self._give_up_unsent()
            return
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        try:
            self._transport.write(b"".join(frame for frame, _, _ in unsent))
        except BaseException:  # of a signal's handler: what has left is not known
            self.close("interrupted")
            raise
        for _, future, is_oneway in unsent:
            if is_oneway and not future.done():
                future.set_result(Answered(None))

    def _give_up_unsent(self):
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        for _, future, _ in unsent:
            if not future.done():
                future.set_result(Untaken(self._why))

    async def room(self):
        """Returns when there may be room, or none is needed any more."""
        if self.has_room or self._why is not None:
            return
        try:
            await self._waiting.wait()
        except asyncio.CancelledError:
            self._let_in()  # another, if it was this one's turn
            raise

    def complain(self):
        """A call has waited in vain until its deadline."""
        if asyncio.get_running_loop().time() - self._heard_at > SILENT_SECONDS_MAX:
            self.close("the node is silent")

    def close(self, why="the client is closed"):
        """Ends every call that is under way."""
        self._why = self._why or why
        self._give_up_unsent()
        if self._transport is not None:
            self._transport.abort()

    # --- what the transport tells ---

    def connection_made(self, transport):
        self._transport = transport
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._end.register(connected.fileno(), select.POLLRDHUP)

    def data_received(self, data):
        self._heard_at = asyncio.get_running_loop().time()
        try:
            for (future, request), message in self._framing.receive(data):
                # A call that was given up has its place in the order all the same.
                if not future.done():
                    future.set_result(request.outcome_of(message))
            self._framing.check()
        except ValueError as failure:
            self.close(str(failure))
            if is_foreign(failure):
                raise
        except BaseException:  # of a signal's handler: what was answered is not known
            self.close("interrupted")
            raise
        self._let_in()

    def connection_lost(self, failure):
        self._why = self._why or (str(failure) if failure else "the node has closed the connection")
        self._give_up_unsent()
        for future, _ in self._framing.drop():
            if not future.done():
                future.set_result(Lost(self._why))  # nobody knows what of it had left the socket
        self._let_in()
        self._ended(self)

    def pause_writing(self):
        self._is_paused = True

    def resume_writing(self):
        self._is_paused = False
        self._let_in()

    def _let_in(self):
        if self._why is not None:
            self._waiting.let_in(len(self._waiting))
        elif not self._is_paused:
            self._waiting.let_in(CALLS_IN_FLIGHT_MAX - len(self._framing))
