"""Nodes whose services change while they serve: a configuration that tests rewrite, with the test plugin `moody` in it."""
import collections
import pathlib
import tempfile

from harness import client, settings
from harness.case import ClusterTest

from moody import Moody

CONFIG = """\
[host]
call_timeout = "{call_timeout}"
{host}
[services.locator]
{locator}
[services.locator.config]
discover = "none"
{locator_options}
[services.diststore]
{diststore}
[services.diststore.config]
{diststore_options}
[services.moody]
{moody}
[services.moody.config]
{options}
{more}
"""


class MoodyTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "moody.toml"

    def configure(self, **lines):
        """Writes the configuration, with `lines` where CONFIG has their names in braces."""
        lines.setdefault("call_timeout", "2s")
        self.config.write_text(CONFIG.format_map(collections.defaultdict(str, lines)))

    def moody_node(self, *arguments, **places):
        return self.node("--plugin-dir", settings.TEST_PLUGINS, *arguments, config=self.config, log_level="info", **places)

    def assert_done(self, answer):
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        return answer.stdout

    def assert_refused(self, answer):
        self.assertEqual(answer.returncode, 5, answer.stdout + answer.stderr)
        return answer.stdout + answer.stderr


def moody(node, method, *arguments):
    return client.call(node.port, method, *arguments, interface=Moody, service="moody")
