"""Which connection does a call of the asyncio client use? All calls to one service of one node share a connection: replies
come in order, so a slow service must not delay others."""
import asyncio

from p2p_client.async_connection import AsyncConnection
from p2p_client.async_waiting import SharedTask, is_done_in_time
from p2p_client.channel import ADDRESSES_MAX, CONNECT_SECONDS_MAX
from p2p_client.forking import call_after_fork
from p2p_client.framing import REQUEST_BYTES_MAX, Framing, Unframed
from p2p_client.view import address_of


# If a node's name has several addresses, the next one is tried when the last has not answered for this long; the first to
# answer is used. Within the limits of RFC 8305, section 8.
NEXT_ADDRESS_SECONDS = CONNECT_SECONDS_MAX / ADDRESSES_MAX


class AsyncPool:
    """Of one event loop."""

    def __init__(self, request_bytes_max=REQUEST_BYTES_MAX):
        self._request_bytes_max = request_bytes_max
        self._is_closed = False
        self.after_fork()
        call_after_fork(self)

    def after_fork(self):
        """The connections and their loop belong to the parent."""
        self._connections = {}  # (node, service) -> SharedTask, whose result is an AsyncConnection
        self._single_use = set()  # connections for one call

    async def connection(self, node, service):
        """An open connection. Raises OSError if it cannot be opened."""
        if self._is_closed:
            raise ConnectionError("the client is closed")
        target = (node, service)
        connecting = self._connections.get(target)
        if connecting is None:
            connecting = self._connections[target] = SharedTask(self._connect(target))
            connecting.task.add_done_callback(lambda _: self._connected(target, connecting))
        if not connecting.task.done():
            await connecting.wait()
        if connecting.task.cancelled():  # by close(), which does not cancel the waiting tasks
            raise ConnectionError("the client is closed")
        return connecting.task.result()

    async def open_unframed(self, node):
        """A separate connection for one request to a node that may be of the 2009 system; the caller closes it."""
        if self._is_closed:
            raise ConnectionError("the client is closed")
        connection = await self._open(node, lambda: AsyncConnection(self._single_use.discard, Unframed()))
        self._single_use.add(connection)
        return connection

    async def _connect(self, target):
        return await self._open(target[0], lambda: AsyncConnection(lambda lost: self._remove(target, lost),
                                                                   Framing(self._request_bytes_max)))

    @staticmethod
    async def _open(node, make_connection):
        host, port = address_of(node)
        connecting = asyncio.ensure_future(asyncio.get_running_loop().create_connection(
            make_connection, host, port, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS))
        try:
            if not await is_done_in_time(connecting, CONNECT_SECONDS_MAX):
                raise ConnectionError("the node does not answer the connection attempt")
            _, connection = connecting.result()
            return connection
        finally:
            connecting.cancel()

    def _connected(self, target, connecting):
        connection = _connection_of(connecting)
        if connection is None:
            if self._connections.get(target) is connecting:
                del self._connections[target]
        elif self._is_closed:
            connection.close()

    def _remove(self, target, lost):
        if _connection_of(self._connections.get(target)) is lost:
            del self._connections[target]

    def keep_only(self, nodes):
        """Closes the idle connections to all other nodes. A node that leaves closes its connections itself, after it has
        answered the calls in flight."""
        for target, connecting in list(self._connections.items()):
            connection = _connection_of(connecting)
            if target[0] not in nodes and connection is not None and connection.is_idle:
                connection.close("the node has left the network")

    def close(self):
        self._is_closed = True
        for connection in list(self._single_use):
            connection.close()
        for connecting in list(self._connections.values()):
            connection = _connection_of(connecting)
            if connection is not None:
                connection.close()
            else:
                connecting.task.cancel()
        self._connections.clear()


def _connection_of(connecting):
    """The AsyncConnection; None if there is none yet, or connecting has failed."""
    if connecting is None or not connecting.task.done() or connecting.task.cancelled():
        return None
    return None if connecting.task.exception() is not None else connecting.task.result()
