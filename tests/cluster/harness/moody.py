"""Nodes whose services change while they serve: a configuration that tests rewrite, with the test plugin `moody` in it."""
import pathlib
import tempfile

from harness import client, settings
from harness.case import ClusterTest

from moody import Moody

CONFIG = """\
[host]
call_timeout = "2s"
{host}
[services.locator]
[services.locator.config]
discover = "none"
[services.diststore]
{diststore}
[services.moody]
{moody}
[services.moody.config]
{options}
{more}
"""


class MoodyTest(ClusterTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "moody.toml"

    def configure(self, host="", diststore="", moody="", options="", more=""):
        self.config.write_text(CONFIG.format(host=host, diststore=diststore, moody=moody, options=options, more=more))

    def moody_node(self, *arguments):
        return self.node("--plugin-dir", settings.TEST_PLUGINS, *arguments, config=self.config, log_level="info")

    def assert_done(self, answer):
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        return answer.stdout

    def assert_refused(self, answer):
        self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr)
        return answer.stdout + answer.stderr


def moody(node, method, *arguments):
    return client.call(node.port, method, *arguments, interface=Moody, service="moody")
