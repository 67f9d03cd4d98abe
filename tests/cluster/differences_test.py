"""Nodes whose configurations differ in what should be alike are told so, each by its own log."""
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.proxy import Proxy
from harness.waiting import wait_until

from counter import Counter

PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)
CONFIG = "[services.locator]\n[services.counter]\n[services.counter.route]\nincrement = 1\nvalue = 1\n"


class DifferencesTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.config = self.temporary_folder() / "counter.toml"

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
        with Proxy(other.port) as door:
            node = self.node("--join", door.name, "--set", "services.locator.config.join_retry=10ms",
                             "--set", "host.start_timeout=10m").launch()
            refused = f"{door.name} refuses us: its cluster is 'others', ours is 'p2phost' (0 more since"
            wait_until("the other cluster is told", lambda: refused in node.log())
            wait_until("it is asked again and again", lambda: door.connections >= 6)
            self.assertEqual(node.log().count(f"host: {door.name} refuses us"), 1, node.log())
            self.assertEqual(node.log().count(f"{door.name} cannot be joined: {door.name} refuses us"), 1, node.log())
            self.end([node])


if __name__ == "__main__":
    unittest.main()
