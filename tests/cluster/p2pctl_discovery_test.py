"""Without --node, p2pctl finds a node on the usual ports of this machine, on either loopback address: on a machine of the
test's own. Run for both of them (P2P_FAMILY)."""
import json
import subprocess
import unittest

from harness import settings
from harness.own_machine import is_own_network, run_tests_in_own_network
from seed_peer.wire import NO_CALL
from shared_ring_test import SharedRing

FIRST_PORT, NEXT_PORT, LAST_PORT = 9900, 9901, 9909


class DiscoveryTest(SharedRing):
    def setUp(self):
        self.assertTrue(is_own_network(), "run this file as a program: its ports may be taken here")
        super().setUp()

    def p2pctl(self, *words, code=0):
        # What waits for its --timeout is killed.
        ended = subprocess.run([str(settings.P2PCTL), "--timeout", "10m", *words], capture_output=True, text=True, check=False,
                               stdin=subprocess.DEVNULL, timeout=20 * settings.PATIENCE)
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def assert_found(self, node):
        self.assertEqual(json.loads(self.p2pctl("--json", "ping"))["node"], node.name)
        self.assertEqual(json.loads(self.p2pctl("--json", "status"))["node"], node.name)
        self.assertIn(node.name, self.p2pctl("members").split())

    def test_the_first_of_ours_is_asked(self):
        last = self.node("--set", "services.locator.config.discover=none", port=LAST_PORT).start()
        self.assert_found(last)
        first = self.node("--join", last.name, port=FIRST_PORT).start()
        self.assert_found(first)
        self.p2pctl("put", "a", "b")
        self.assertEqual(self.p2pctl("get", "a"), "b\n")

    def test_one_of_ours_is_asked_before_one_of_the_2009_system_which_is_asked_when_there_is_no_other(self):
        seed = self.seed(port=FIRST_PORT).start()
        self.assert_found_classic(seed)
        ours = self.node("--join", seed.name, port=NEXT_PORT).start()
        self.assert_found(ours)
        self.assertNotIn(NO_CALL, seed.log())

    def assert_found_classic(self, seed):
        self.assertEqual(json.loads(self.p2pctl("--json", "ping"))["node"], seed.name)
        self.assertEqual(self.p2pctl("members").split(), [seed.name])
        self.p2pctl("get", "a", code=3)

    def test_one_that_is_stopped_holds_up_nothing(self):
        seed = self.seed(port=FIRST_PORT).start()
        ours = self.node("--join", seed.name, port=LAST_PORT).start()
        stopped = self.node("--join", ours.name, port=NEXT_PORT).start()
        self.wait_for_network([seed, ours, stopped])
        for member in (seed, stopped):
            member.freeze()
            self.addCleanup(member.thaw)
        self.assert_found(ours)

    def test_nobody_is_told(self):
        self.assertIn("9900 to 9909", self.p2pctl("ping", code=3))


if __name__ == "__main__":
    run_tests_in_own_network("p2pctl_discovery_test")
