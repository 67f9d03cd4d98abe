"""What does a node of the 2009 system call, and in which order? A peer that takes it all down, and does no more."""
import contextlib
import socket
import threading

from harness import address
from harness.ports import free_port
from harness.waiting import wait_until

from seed_peer import wire  # before the generated modules: it makes them importable

from locator.ttypes import Location


class RecordingPeer:
    """Serves one connection at a time, as a seed does. `calls` are (method, argument...), locations as their names.

    `ring`: the locations that get_all answers besides itself. `on_call(method)` runs before a call is answered.
    """

    def __init__(self, port=None, ring=(), on_call=lambda method: None):
        self.port = port or free_port()
        self.name = address.here(self.port)
        self.location = Location(address.HOST, self.port)
        self.calls = []
        self.items = {}
        self._ring = ring
        self._on_call = on_call
        self._socket = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._socket.handle.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def start(self):
        listening = threading.Event()
        self._socket = wire.ListeningSocket(address.HOST, self.port, listening.set)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert listening.wait(10), f"nobody listens at {self.name}"
        return self

    def _serve(self):
        processor = wire.store_processor(_Recorder(self))
        processor.on_message_begin(lambda method, *_: self._on_call(method))
        with contextlib.suppress(_Closed):
            wire.simple_server(processor, _UntilClosed(self._socket)).serve()

    def methods(self):
        return [call[0] for call in self.calls]

    def calls_of(self, *methods):
        return [call for call in self.calls if call[0] in methods]

    def wait_for(self, method, count=1):
        """All calls, once `count` of `method` have come."""
        wait_until(f"{self.name} gets {count} times {method}", lambda: len(self.calls_of(method)) >= count)
        return self.calls

    def answer(self, method, *arguments):
        if method == "get_all":
            return [self.location, *self._ring]
        if method == "get_node":
            return self.location
        if method == "service_types":
            return ["locator.Base", "locator.Locator", "diststore.Store"]
        if method == "service_type":
            return "diststore.Store"
        if method == "put":
            self.items[arguments[0]] = arguments[1]
        return self.items.get(arguments[0], "") if method == "get" else None


class _Recorder:
    def __init__(self, peer):
        self._peer = peer

    def __getattr__(self, method):
        def record(*arguments):
            self._peer.calls.append((method, *map(_plain, arguments)))
            return self._peer.answer(method, *arguments)

        return record


class _Closed(Exception):
    pass


class _UntilClosed:
    """A listening socket that ends its server when it is shut down, instead of opening again."""

    def __init__(self, listening_socket):
        self._socket = listening_socket

    def listen(self):
        self._socket.listen()

    def accept(self):
        accepted = self._socket.accept()
        if accepted is None:
            raise _Closed
        return accepted


def _plain(argument):
    if isinstance(argument, Location):
        return address.name_at(argument.address, argument.port)
    return list(map(_plain, argument)) if isinstance(argument, list) else argument
