"""Which connection does a call of the asyncio client take? One for each node and service, which all calls share: a
service that takes its time holds up no other one's replies."""
import asyncio

from p2p_client.async_connection import AsyncConnection
from p2p_client.async_gate import Shared, is_done_in_time
from p2p_client.channel import ADDRESSES_MAX, CONNECT_SECONDS_MAX
from p2p_client.forking import start_anew_in_children
from p2p_client.framing import REQUEST_BYTES_MAX, Framing, Unframed
from p2p_client.view import address_of


# A node whose name has several addresses is tried at the next one when the last has not answered for so long; who answers
# first is taken. Within the limits of RFC 8305, section 8.
NEXT_ADDRESS_SECONDS = CONNECT_SECONDS_MAX / ADDRESSES_MAX


class AsyncPool:
    """Of one event loop."""

    def __init__(self, request_bytes_max=REQUEST_BYTES_MAX):
        self._request_bytes_max = request_bytes_max
        self._is_closed = False
        self.forked()
        start_anew_in_children(self)

    def forked(self):
        """The connections are the parent's, as is the loop in which they run."""
        self._connections = {}  # (node, service) -> Shared, whose task connects and results in an AsyncConnection
        self._questions = set()  # connections of one call

    async def connection(self, node, service):
        """An open connection; OSError when there is none to be had."""
        if self._is_closed:
            raise ConnectionError("the client is closed")
        place = (node, service)
        connecting = self._connections.get(place)
        if connecting is None:
            connecting = self._connections[place] = Shared(self._connect(place))
            connecting.task.add_done_callback(lambda _: self._connected(place, connecting))
        if not connecting.task.done():
            await connecting.wait()
        if connecting.task.cancelled():  # by close(); who waits for it is not cancelled
            raise ConnectionError("the client is closed")
        return connecting.task.result()

    async def unframed(self, node):
        """A connection of its own for one question to a node that may be none of ours; to be closed with the answer."""
        if self._is_closed:
            raise ConnectionError("the client is closed")
        connection = await self._open(node, lambda: AsyncConnection(self._questions.discard, Unframed()))
        self._questions.add(connection)
        return connection

    async def _connect(self, place):
        return await self._open(place[0], lambda: AsyncConnection(lambda ended: self._ended(place, ended),
                                                                  Framing(self._request_bytes_max)))

    @staticmethod
    async def _open(node, made):
        host, port = address_of(node)
        connecting = asyncio.ensure_future(asyncio.get_running_loop().create_connection(
            made, host, port, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS))
        try:
            if not await is_done_in_time(connecting, CONNECT_SECONDS_MAX):
                raise ConnectionError("the node does not answer the connect")
            _, connection = connecting.result()
            return connection
        finally:
            connecting.cancel()

    def _connected(self, place, connecting):
        connection = _connection_of(connecting)
        if connection is None:
            if self._connections.get(place) is connecting:
                del self._connections[place]
        elif self._is_closed:
            connection.close()

    def _ended(self, place, ended):
        if _connection_of(self._connections.get(place)) is ended:
            del self._connections[place]

    def keep_only(self, nodes):
        """Nodes that have left the network close their connections themselves, once they have answered what is on the
        way; those that only fell silent are closed here."""
        for place, connecting in list(self._connections.items()):
            connection = _connection_of(connecting)
            if place[0] not in nodes and connection is not None and connection.is_idle:
                connection.close("the node has left the network")

    def close(self):
        self._is_closed = True
        for connection in list(self._questions):
            connection.close()
        for connecting in list(self._connections.values()):
            connection = _connection_of(connecting)
            if connection is not None:
                connection.close()
            else:
                connecting.task.cancel()
        self._connections.clear()


def _connection_of(connecting):
    """The AsyncConnection, None while there is none or when there will be none."""
    if connecting is None or not connecting.task.done() or connecting.task.cancelled():
        return None
    return None if connecting.task.exception() is not None else connecting.task.result()
