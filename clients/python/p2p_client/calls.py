"""Which methods do both clients offer? The plain client runs a call in its caller's thread, the asyncio client returns an
awaitable."""
from p2p_client.discovery import Discovery, checked_seeds
from p2p_client.errors import Failed
from p2p_client.framing import checked_request_bytes_max
from p2p_client.service import Service
from p2p_client.store import StoreCalls, key_bytes
from p2p_client.view import Views


class Calls(StoreCalls):
    """The methods of the store and of any other service, and what is known of the network. In AsyncClient all are awaited,
    except service() and pipeline(): there, the methods of the returned object are."""

    def __init__(self, seeds, service, locator, deadline, request_bytes_max):
        super().__init__(service, checked_request_bytes_max(request_bytes_max))
        self._seeds = checked_seeds(seeds)
        self._views = Views()
        self._discovery = Discovery(locator, self._seeds)
        self._deadline_seconds = deadline
        self._is_closed = False

    def _with_view(self, query, deadline):
        """Returns query(view) as soon as there is a view; raises Failed if there is none by the deadline."""
        raise NotImplementedError

    def members(self, deadline=None):
        """The names of the network's nodes, sorted, as this client knows them."""
        return self._with_view(lambda view: list(view.members), deadline)

    def owner(self, key, deadline=None):
        """The name of the node that owns `key`."""
        key = key_bytes(key)

        def owner_in(view):
            owner = view.owner_of(key)
            if owner is None:
                raise Failed("no node owns the key at the moment")
            return owner

        return self._with_view(owner_in, deadline)

    def service(self, name, interface, key=None, repeatable=(), deadline=None):
        """Any service, by its name in the nodes' configuration; `interface` is the Client class of its generated module.

        The methods of the returned object run at the owner of `key`; its at(key) chooses another key. Methods named in
        `repeatable` are retried when their outcome is unknown.
        """
        return Service(self._run, name, interface, None if key is None else key_bytes(key), repeatable, deadline)
