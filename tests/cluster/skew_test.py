"""A plugin built with a newer struct than the host's, under the same C++ name, keeps what the host does not know."""
import unittest

from harness import client, settings
from harness.case import ALONE, ClusterTest
from harness.validation import BROKEN, DONE, Validation

from zoned import Zoned
from zoned.ttypes import Location

SENT = Location(address="127.0.0.1", port=9900, zone="north")
CARELESS = settings.BAD_PLUGINS / "zoned_careless.so"


class IdlSkewTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def echo(self, folder, name):
        node = self.node("--plugin-dir", folder, *ALONE, "--set", f"services.{name}.enabled=true").start()
        # The host's own Location is in use beside it.
        self.assertEqual(node.members(), [node.name])
        return client.call(node.port, "echo", SENT, interface=Zoned, service=name)

    def test_hidden_symbols_keep_the_field(self):
        self.assertEqual(Validation(settings.TEST_PLUGINS / "zoned.so").code, DONE)
        self.assertEqual(self.echo(settings.TEST_PLUGINS, "zoned"), SENT)

    @unittest.skipIf(settings.SANITIZER, "what happens by accident is not for a sanitizer")
    def test_visible_symbols_lose_it_and_validation_tells_so_before(self):
        validation = Validation(CARELESS)
        self.assertEqual(validation.code, BROKEN)
        self.assertIn("exports", validation.failed)
        self.assertIsNone(self.echo(settings.BAD_PLUGINS, "zoned_careless").zone or None)


if __name__ == "__main__":
    unittest.main()
