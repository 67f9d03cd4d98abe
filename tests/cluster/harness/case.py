"""What does every test of a cluster need? Nodes that end with it, and their logs when it fails."""
import pathlib
import sys
import tempfile
import unittest

from harness import settings
from harness.node_process import NodeProcess
from harness.ports import free_ports
from harness.waiting import wait_until

# Lines of each node's log that a failure shows.
LOG_LINES_MAX = 200

# For nodes with a configuration of the test's own, or an example's, that says nothing of it.
CLASSIC = ("--set", "services.locator.config.mode=classic")
# A network founded at once: nobody is looked for.
ALONE = ("--set", "services.locator.config.discover=none")


class ClusterTest(unittest.TestCase):
    """Its nodes end when the test does; a test that fails prints what they logged."""

    maxDiff = None
    # What nodes run of which a test says nothing else: most were written for networks of mode "classic".
    shipped_config = settings.CLASSIC_CONFIG

    def setUp(self):
        self._nodes = []
        self._folders = []
        self.addCleanup(self._end_nodes)

    def _end_nodes(self):
        for folder in self._folders:
            self.addCleanup(folder.cleanup)  # after the nodes have ended, which write to it until then
        for node in self._nodes:
            node.begin_stop()
        for node in self._nodes:
            self.addCleanup(node.close)  # one by one, so that the failure of one hides no other

    def temporary_folder(self):
        """A new folder that outlives the test's nodes, and nothing else."""
        self._folders.append(tempfile.TemporaryDirectory(prefix="p2phost-test-"))
        return pathlib.Path(self._folders[-1].name)

    def end(self, nodes):
        """Ends `nodes` before the test does."""
        for node in nodes:
            node.begin_stop()
        for node in nodes:
            node.close()

    def run(self, result=None):
        failures_before = _failures(result)
        super().run(result)
        if result is not None and _failures(result) > failures_before:
            for node in getattr(self, "_nodes", []):  # setUp() may have failed before
                lines = node.log().splitlines()[-LOG_LINES_MAX:]
                print(f"--- log of node {node.name} ({self.id()}) ---", *lines, sep="\n", file=sys.stderr)

    def node(self, *arguments, **places):
        """A node that is not started yet."""
        node = NodeProcess(*arguments, **{"config": self.shipped_config, **places})
        self._nodes.append(node)
        return node

    def lonely_node(self, *arguments, **places):
        """A started node that looks for nobody."""
        return self.node(*ALONE, *arguments, **places).start()

    def cluster(self, count, *arguments, **places):
        """`count` started nodes on consecutive ports, one network. Further ones come with join_one() and next_node()."""
        # A few ports more than nodes: for those that join later, and one that never comes.
        ports = free_ports(count + 4)
        self._discovery = discovery(ports)
        self._next_ports = iter(ports[count:])
        nodes = [self.node(*self._discovery, *arguments, port=port, **places).launch() for port in ports[:count]]
        for node in nodes:
            node.wait_until_ready()
        self.wait_for_network(nodes)
        self.wait_for_quiet(nodes)
        return nodes

    def next_node(self, *arguments, **places):
        """One more node for the network that cluster() made, not started yet."""
        return self.node(*self._discovery, *arguments, port=next(self._next_ports), **places)

    def join_one(self, nodes, *arguments):
        """One more node of the network that cluster() made; waits until everyone of `nodes` knows it."""
        joined = self.next_node(*arguments).start()
        self.wait_for_network([*nodes, joined])
        return joined

    def wait_for_network(self, nodes, seconds=10):
        """Waits until each of `nodes` knows exactly these as members."""
        names = sorted(node.name for node in nodes)
        for node in nodes:
            wait_until(f"{node.name} knows {names}", lambda node=node: node.members() == names, seconds)

    def wait_for_quiet(self, nodes, seconds=10):
        """Waits until each of `nodes` that has a store has got all keys that the ring gives it."""
        for node in nodes:
            wait_until(f"{node.name} has its keys", lambda node=node: node.awaits_no_keys(), seconds)


def discovery(ports):
    """Looks for members on `ports` only: other networks of this machine are none of this test's."""
    return ("--set", f"services.locator.config.discover_port_first={ports[0]}",
            "--set", f"services.locator.config.discover_port_count={len(ports)}")


def _failures(result):
    return 0 if result is None else len(result.failures) + len(result.errors)
