"""What does either client offer? Declared once: the plain client obeys a call in its caller's thread, the asyncio client
returns what is to be awaited."""
from p2p_client.framing import checked_request_bytes_max
from p2p_client.learning import checked_seeds, members_request
from p2p_client.service import Service
from p2p_client.store import StoreCalls, key_bytes
from p2p_client.view import Views


class Calls(StoreCalls):
    """The store's methods, any other service's, and what is known of the network. In AsyncClient each is to be
    awaited, but for service() and pipeline(), whose methods are."""

    def __init__(self, seeds, service, locator, deadline, request_bytes_max):
        super().__init__(service, checked_request_bytes_max(request_bytes_max))
        self._seeds = checked_seeds(seeds)
        self._views = Views()
        self._members_request = members_request(locator)
        self._seconds = deadline
        self._is_closed = False

    def _with_view(self, look, deadline):
        """look(view), once there is a view; Failed when there is none by the deadline."""
        raise NotImplementedError

    def members(self, deadline=None):
        """The names of the network's nodes, sorted, as this client knows them."""
        return self._with_view(lambda view: list(view.members), deadline)

    def owner(self, key, deadline=None):
        """The name of the node that owns `key`."""
        key = key_bytes(key)
        return self._with_view(lambda view: view.owner_of(key), deadline)

    def service(self, name, interface, key=None, repeatable=(), deadline=None):
        """A service of any kind by its name in the nodes' configuration: `interface` is its generated module's Client.

        Its methods can be called on what is returned, at the owner of `key`; at(key) chooses another one. Methods named
        in `repeatable` are sent again when their outcome is not known.
        """
        return Service(self._run, name, interface, None if key is None else key_bytes(key), repeatable, deadline)
