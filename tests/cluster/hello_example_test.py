"""The smallest example plugin answers, is found by name and by interface, and is not among the shipped plugins."""
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.node_process import run_p2phost

from hello import Hello

CONFIG = settings.EXAMPLES / "hello" / "hello.toml"
PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)


class HelloTest(ClusterTest):
    def test_it_greets_whoever_asks_by_its_name_or_by_its_interface(self):
        node = self.node(*PLUGINS, config=CONFIG).start()
        for service in ("hello", "Hello"):
            with client.connect(node.port, Hello, service) as hello:
                self.assertEqual(hello.greet("world"), "hello, world")
                self.assertEqual(hello.service_type(), "hello.Hello")
                self.assertEqual(hello.service_types(), ["locator.Base", "hello.Hello"])

    def test_its_option_is_the_word_before_the_name(self):
        node = self.node(*PLUGINS, "--set", "services.hello.config.greeting=ahoy", config=CONFIG).start()
        self.assertEqual(client.call(node.port, "greet", "sailor", interface=Hello, service="hello"), "ahoy, sailor")
        self.assertIn("greeting everybody with 'ahoy'", node.log())

    def test_the_examples_are_listed_only_where_their_folder_is_named(self):
        shipped = run_p2phost("--config", settings.STORE_CONFIG, "--list-plugins")
        listed = run_p2phost("--config", settings.STORE_CONFIG, *PLUGINS, "--list-plugins")
        for name in ("counter", "hello", "work"):
            self.assertNotIn(name, shipped.stdout.split())
            self.assertIn(name, listed.stdout.split())


if __name__ == "__main__":
    unittest.main()
