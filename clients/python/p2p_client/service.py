"""How is a method of any service called at the node that owns a key?"""
from p2p_client.codec import Request
from p2p_client.jobs import Call, OneCall
from p2p_client.outcome import Kind
from p2p_client.store import key_bytes


class Service:
    """The methods of a generated client class, each call sent to the owner of one key.

    A call whose outcome is unknown is retried if its method is in `repeatable`; otherwise it ends as Unknown. Exceptions
    that the service's IDL declares are raised unchanged. Made by Client.service(); holds no connection.
    """

    def __init__(self, run, name, interface, key, repeatable, deadline):
        for method in repeatable:
            if not hasattr(interface, "send_" + method):
                raise ValueError(f"{interface.__module__} has no method '{method}'")
        self._run = run
        self._name = name
        self._interface = interface
        self._key = key
        self._repeatable = frozenset(repeatable)
        self._deadline = deadline

    def at(self, key, deadline=None):
        """The same service at the owner of another key, bytes or text."""
        return Service(self._run, self._name, self._interface, key_bytes(key), self._repeatable,
                       self._deadline if deadline is None else deadline)

    def __getattr__(self, method):
        if method.startswith("_") or not hasattr(self._interface, "send_" + method):
            raise AttributeError(f"service '{self._name}' has no method '{method}'")
        if self._key is None:
            raise ValueError(f"a call of '{self._name}' needs a key: service.at(key).{method}(...)")
        kind = Kind(is_change=True, is_repeatable=method in self._repeatable)

        def call(*arguments):
            request = Request(self._name, self._interface, method, arguments)
            return self._run(OneCall(Call(kind, self._key, request)), self._deadline)

        return call
