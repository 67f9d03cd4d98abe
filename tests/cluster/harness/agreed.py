"""How does a test run a network whose members agree on one cluster map?"""
import re

from harness import client, settings
from harness.case import ClusterTest
from harness.waiting import wait_until

from cluster_view import ClusterView
from cluster_view.ttypes import EventKind

# Two networks never merge: no node may take another's slowness for its absence.
AGREED = tuple(settings.patient("services.locator.config.discover_timeout=2s"))
# To plan 4,096 partitions takes a program under a sanitizer seconds, in which it does nothing else.
if settings.SANITIZER:
    AGREED += ("--set", "services.locator.config.partitions=64")
# A map that is quickly spread evenly.
FEW = ("--set", "services.locator.config.partitions=64")
NODE_LINE = re.compile(r"node ([0-9a-f]{32}), boot (\d+)")


class AgreedTest(ClusterTest):
    """Its nodes run the locator alone, in mode "agreed"."""

    shipped_config = settings.LOCATOR_CONFIG

    def node(self, *arguments, **places):
        return super().node(*AGREED, *arguments, **places)

    def wait_for_voters(self, nodes, count):
        for node in nodes:
            wait_until(f"{node.name} knows {count} voters", lambda node=node: node.gauge("voters", "locator") == count)

    def wait_until_balanced(self, nodes):
        """Waits until each of `nodes`, which are all that there are, holds its share, and knows it: no copy moves any more."""
        def is_balanced(node):
            state = state_of(node)
            primaries = [member.primaries for member in state.members]
            return (state.under_replicated == 0 and not any(member.learners for member in state.members)
                    and max(primaries) - min(primaries) <= 1)

        for node in nodes:
            wait_until(f"{node.name} knows that all hold their share", lambda node=node: is_balanced(node), 60)

    def wait_until_logged(self, node, text, seconds=20):
        wait_until(f"{node.name} says {text!r}", lambda: text in node.log(), seconds)


def identities(node):
    """The node ids and boot numbers of its starts, in order."""
    return [(found[1], int(found[2])) for found in NODE_LINE.finditer(node.log())]


def state_of(node):
    """The cluster as the node knows it."""
    return client.call(node.port, "state", interface=ClusterView, service="locator.cluster")


def downs(node):
    """The members that were declared down, in order, as the node remembers."""
    told = client.call(node.port, "watch", "", 0, 0, interface=ClusterView, service="locator.cluster")
    return [event.node for event in told.events if event.kind == EventKind.down]
