"""Nodes with the test plugin `relay`, whose calls go on to other nodes, and peers that are none."""
import contextlib
import pathlib
import socket
import tempfile
import threading

from harness import address, client, settings
from harness.case import ClusterTest
from harness.raw import RawConnection, Request

from relay import Relay

CONFIG = """\
[services.locator]
[services.diststore]
[services.relay]
"""

FORM = client.Form(framed=True, encoding="binary")


class RelayTest(ClusterTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = pathlib.Path(folder.name) / "relay.toml"
        self.config.write_text(CONFIG)
        self.arguments = ("--plugin-dir", settings.TEST_PLUGINS)

    def relay_node(self, *limits):
        """A node on its own, with `limits` as "host.peer_calls_max=10"."""
        chosen = [part for limit in limits for part in ("--set", limit)]
        return self.lonely_node(*self.arguments, *chosen, config=self.config)

    def connection(self, node, seconds=60):
        opened = RawConnection(node.port, FORM, seconds)
        self.addCleanup(opened.close)
        return opened


def echo_at(port, text, deadline_ms):
    return Request(Relay, "echo_at", service="relay", port=port, text=text, deadline_ms=int(deadline_ms))


def nap_at(port, text, milliseconds, deadline_ms):
    return Request(Relay, "nap_at", service="relay", port=port, text=text, milliseconds=int(milliseconds),
                   deadline_ms=int(deadline_ms))


def nap_there(port, text, milliseconds):
    return Request(Relay, "nap_there", service="relay", port=port, text=text, milliseconds=int(milliseconds))


def send_all(connection, requests):
    connection.send(b"".join(request.encode(FORM, number) for number, request in enumerate(requests)))


def texts(connection, requests):
    """The text that each of `requests` is answered with, in their order."""
    answered = []
    for number, request in enumerate(requests):
        sequence, result = connection.reply(request)
        assert sequence == number, f"asked as {number}, answered as {sequence}"
        answered.append(result.success)
    return answered


def ask_all(connection, requests):
    send_all(connection, requests)
    return texts(connection, requests)


class FalsePeer:
    """Listens, and does with each connection what `treat(socket)` does. `accepted` counts them."""

    def __init__(self, treat, port=0):
        self._treat = treat
        self.accepted = 0
        self._socket = address.listening(port)
        self.port = self._socket.getsockname()[1]
        self._held = []  # those that are to stay open
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()
        for held in self._held:
            held.close()

    def _serve(self):
        while True:
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            with contextlib.suppress(OSError):
                self._treat(accepted)
            self._held.append(accepted)


def stay_silent(_):
    """Neither reads nor writes."""


def close_at_once(accepted):
    accepted.close()


def answer_nonsense(accepted):
    accepted.recv(1)
    accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
