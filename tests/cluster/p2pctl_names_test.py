"""p2pctl reaches a node by a name that has several addresses, in every verb.

Run for each of them, which is where its node listens (P2P_FAMILY)."""
import subprocess
import unittest

from harness import settings
from harness.case import ClusterTest
from harness.own_machine import with_files
from harness.ports import free_port

# A name of both loopback addresses, which this machine may not have itself.
NAME = "twofold.test"
HOSTS = f"127.0.0.1 localhost\n::1 {NAME}\n127.0.0.1 {NAME}\n"

VERBS = (["ping"], ["status"], ["services"], ["members"], ["locate", "a"], ["ring"], ["put", "a", "b"], ["get", "a"],
         ["delete", "a"], ["prime"], ["verify"], ["receipts"], ["reload", "--check"],
         ["bench", "--requests", "10", "--keys", "10", "--connections", "2"], ["leave"])


class NamesTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.hosts = self.temporary_folder() / "hosts"
        self.hosts.write_text(HOSTS)

    def p2pctl(self, *words):
        """In a mount namespace of its own, where the name means both addresses."""
        return subprocess.run(with_files({self.hosts: "/etc/hosts"}, [str(settings.P2PCTL), *words]), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False, timeout=60 * settings.PATIENCE)

    def test_every_verb_reaches_a_node_that_listens_on_one_of_them(self):
        node = self.lonely_node()
        for words in VERBS:
            with self.subTest(words):
                ended = self.p2pctl("--node", f"{NAME}:{node.port}", *words)
                self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertEqual(node.wait(), 0)

    def test_where_none_listens_the_name_is_told(self):
        ended = self.p2pctl("--node", f"{NAME}:{free_port()}", "ping")
        self.assertEqual(ended.returncode, 3)
        self.assertIn(NAME, ended.stderr)


if __name__ == "__main__":
    unittest.main()
