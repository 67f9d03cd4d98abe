"""A network that agrees on one cluster map, each node of it on a machine of its own: between them links are cut, and heal."""
import sys
import time

from harness.agreed import FEW, AgreedTest, downs, state_of
from harness.case import ALONE
from harness.machines import Machines
from harness.waiting import wait_until

# A voter that is silent is noticed after a lease, of 1.5 s; so that each test looks on for several of them.
LOOK_ON_SECONDS = 6


class MachinesCase(AgreedTest):
    """`nodes`, and `machines` in the same order."""

    count = 5
    voters = 5

    def setUp(self):
        self.machines = Machines(self.count)
        self.addCleanup(self.machines.close)  # after the nodes have ended
        super().setUp()
        first, *others = self.machines
        self.nodes = [self.node(*FEW, *ALONE, **first.places()).start()]
        for machine in others:
            self.nodes.append(self.node(*FEW, "--join", self.nodes[0].name, **machine.places()).start())
        self.wait_for_network(self.nodes)
        self.wait_for_voters(self.nodes, self.voters)

    def machines_of(self, nodes):
        return [self.machines[self.nodes.index(node)] for node in nodes]

    def heal(self):
        """All are up again, as each of them knows, and each has its lease."""
        self.machines.heal()
        began = time.monotonic()
        for node in self.nodes:
            wait_until(f"{node.name} is back with all others", lambda node=node: self.is_whole(node), 20)
        print(f"all are up {time.monotonic() - began:.2f} s after the links", file=sys.stderr, flush=True)

    def is_whole(self, node):
        return len(node.members()) == self.count and state_of(node).lease_left_ms > 0

    def look_on(self, seconds=LOOK_ON_SECONDS):
        """Who has been declared down by the end of some seconds from now on, as each node knows."""
        time.sleep(seconds)
        return {node.name: downs(node) for node in self.nodes}
