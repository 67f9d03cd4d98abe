"""Whoever disconnects, and whenever: every answer is that of its own request, and nothing is left behind."""
import json
import os
import resource
import subprocess
import unittest

from harness import settings
from harness.case import CLASSIC
from harness.relay import RelayTest
from harness.waiting import wait_for_equal

CALLS = int(os.environ.get("P2P_CALLS", "100000"))
DRIVER = settings.BUILD / "bin" / "disconnects"

# How a call may end whose connection to the other node is cut; the last is the host's own answer at the deadline.
ENDS = {"closed", "timed out", "refused", "unreachable", "overloaded", "cancelled", "no answer within [host] call_timeout"}

# What a node may have more after a second round than after the first; each handles some 100 MB.
GROWTH_BYTES_MAX = 24 << 20


class DisconnectsTest(RelayTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(2, *CLASSIC, *self.arguments, config=self.config, log_level="info")

    def drive(self, calls, seed, cut_after):
        done = subprocess.run([str(DRIVER), "--port", str(self.nodes[0].port), "--other-port", str(self.nodes[1].port),
                               "--calls", str(calls), "--seed", str(seed), "--cut-after", str(cut_after),
                               "--patience", f"{30 * settings.PATIENCE:.0f}"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        print(done.stdout, end="")
        return json.loads(done.stdout)

    def assert_nothing_is_left(self):
        for node in self.nodes:
            for service in ("relay", "diststore"):
                wait_for_equal(f"calls of {service} under way on {node.name}", 0,
                               lambda node=node, service=service: node.service(service).in_flight, 30)
            wait_for_equal(f"connections of {node.name}", True, lambda node=node: node.status().connections < 20)

    def test_clients_and_connections_between_nodes_that_are_cut_at_random(self):
        seen = self.drive(CALLS // 2, 1, 1_000_000)
        self.assert_nothing_is_left()
        before = [resident_bytes(node) for node in self.nodes]
        again = self.drive(CALLS // 2, 2, 1_000_000)
        self.assert_nothing_is_left()
        for told in (seen, again):
            self.assertGreaterEqual(told["calls"], CALLS // 2)
            self.assertGreater(told["answers"], told["calls"] // 4)
            self.assertGreater(told["disconnects"], 0)
            self.assertGreater(told["cuts"], 0)
            self.assertLessEqual(set(told["failures"]), ENDS)
        if settings.PATIENCE == 1:  # sanitizers keep what was freed
            for node, bytes_before in zip(self.nodes, before):
                self.assertLess(resident_bytes(node) - bytes_before, GROWTH_BYTES_MAX)

    def test_clients_that_leave_at_random_cost_the_others_no_answer(self):
        told = self.drive(CALLS // 10, 3, 0)
        self.assertEqual(told["failures"], {})
        self.assert_nothing_is_left()


def resident_bytes(node):
    with open(f"/proc/{node.process.pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    unittest.main()
