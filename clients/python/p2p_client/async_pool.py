"""Which connection does a call of the asyncio client take? One for each node and service, which all calls share: a
service that takes its time holds up no other one's replies."""
import asyncio

from p2p_client.async_connection import AsyncConnection
from p2p_client.channel import ADDRESSES_MAX, CONNECT_SECONDS_MAX
from p2p_client.forking import start_anew_in_children
from p2p_client.framing import REQUEST_BYTES_MAX
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
        self._connections = {}  # (node, service) -> the task that connects, whose result is an AsyncConnection

    async def connection(self, node, service):
        """An open connection; OSError when there is none to be had."""
        if self._is_closed:
            raise ConnectionError("the client is closed")
        place = (node, service)
        connecting = self._connections.get(place)
        if connecting is None:
            connecting = asyncio.ensure_future(self._connect(place))
            self._connections[place] = connecting
            connecting.add_done_callback(lambda done: self._connected(place, done))
        if connecting.done():
            return connecting.result()
        try:
            return await asyncio.shield(connecting)  # others wait for it too
        except asyncio.CancelledError:
            if connecting.cancelled():  # by close(); who waits for it is not cancelled
                raise ConnectionError("the client is closed") from None
            raise

    async def _connect(self, place):
        host, port = address_of(place[0])
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX) as limit:
                _, connection = await loop.create_connection(
                    lambda: AsyncConnection(lambda ended: self._ended(place, ended), self._request_bytes_max), host, port,
                    happy_eyeballs_delay=NEXT_ADDRESS_SECONDS)
        except TimeoutError:
            if not limit.expired():
                raise
            raise ConnectionError("the node does not answer the connect") from None
        return connection

    def _connected(self, place, done):
        if not _has_connected(done):
            self._forget(place, done)
        elif self._is_closed:
            done.result().close()

    def _ended(self, place, ended):
        task = self._connections.get(place)
        if task is not None and _has_connected(task) and task.result() is ended:
            del self._connections[place]

    def _forget(self, place, task):
        if self._connections.get(place) is task:
            del self._connections[place]

    def drop(self, node, service):
        """Closes a connection on which a question was not answered."""
        task = self._connections.get((node, service))
        if task is not None and _has_connected(task):
            task.result().close("the node did not answer a question")

    def keep_only(self, nodes):
        """Nodes that have left the network close their connections themselves, once they have answered what is on the
        way; those that only fell silent are closed here."""
        for place, task in list(self._connections.items()):
            if place[0] not in nodes and _has_connected(task):
                connection = task.result()
                if connection.is_idle:
                    connection.close("the node has left the network")

    def close(self):
        self._is_closed = True
        for task in list(self._connections.values()):
            if _has_connected(task):
                task.result().close()
            else:
                task.cancel()
        self._connections.clear()


def _has_connected(task):
    return task.done() and not task.cancelled() and task.exception() is None
