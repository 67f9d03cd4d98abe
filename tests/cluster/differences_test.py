"""Nodes whose configurations differ in what should be alike are told so, each by its own log."""
import pathlib
import socket
import socketserver
import tempfile
import threading
import unittest

from harness import address, client, settings
from harness.case import ClusterTest
from harness.swapping_proxy import pass_on
from harness.waiting import wait_until

from counter import Counter

PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)
CONFIG = "[services.locator]\n[services.counter]\n[services.counter.route]\nincrement = 1\nvalue = 1\n"


class DifferencesTest(ClusterTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = pathlib.Path(folder.name) / "counter.toml"

    def test_nodes_that_are_configured_otherwise_are_told_so_with_both_values(self):
        self.config.write_text(CONFIG)
        first = self.node(*PLUGINS, "--set", "services.locator.config.discover=none", config=self.config).start()
        other = self.config.with_name("other.toml")
        other.write_text(self.config.read_text().replace("value = 1", 'value = "here"'))
        second = self.node(*PLUGINS, "--join", first.name, "--set", "host.frame_bytes_max=8MiB", config=other).start()
        self.wait_for_network([first, second])
        expected = {
            first: (f"{second.name} is configured otherwise than this node: [host] frame_bytes_max is 16MiB here and 8MiB "
                    "there", '[services.counter.route] value is 1 here and "here" there'),
            second: (f"{first.name} is configured otherwise than this node: [host] frame_bytes_max is 8MiB here and 16MiB "
                     "there", '[services.counter.route] value is "here" here and 1 there')}
        for node, lines in expected.items():
            for line in lines:
                wait_until(f"{node.name} says: {line}", lambda node=node, line=line: line in node.log())
        self.assertEqual(client.call(second.port, "increment", "name", 1, interface=Counter, service="counter"), 1)
        for node, lines in expected.items():
            for line in lines:
                self.assertEqual(node.log().count(line), 1, "each is told once")

    def test_another_cluster_is_told_once_a_minute_however_often_it_is_asked(self):
        other = self.lonely_node("--set", "host.cluster=others")
        with CountingProxy(other.port) as door:
            node = self.node("--join", door.name, "--set", "services.locator.config.join_retry=10ms",
                             "--set", "host.start_timeout=10m").launch()
            refused = f"{door.name} refuses us: its cluster is 'others', ours is 'p2phost' (0 more since"
            wait_until("the other cluster is told", lambda: refused in node.log())
            wait_until("it is asked again and again", lambda: door.connections >= 6)
            self.assertEqual(node.log().count(f"host: {door.name} refuses us"), 1, node.log())
            self.assertEqual(node.log().count(f"{door.name} cannot be joined: {door.name} refuses us"), 1, node.log())
            self.end([node])


class CountingProxy:
    """In front of a node: how many connections there were. Serves while its `with` block runs."""

    def __init__(self, node_port):
        self.connections = 0
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.connections += 1
                with socket.create_connection((address.HOST, node_port)) as node:
                    threading.Thread(target=pass_on, args=(self.request, node), daemon=True).start()
                    pass_on(node, self.request)

        class Server(socketserver.ThreadingTCPServer):
            address_family = address.FAMILY
            daemon_threads = True

        self._server = Server((address.HOST, 0), Handler)
        self.name = address.here(self._server.server_address[1])

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    unittest.main()
