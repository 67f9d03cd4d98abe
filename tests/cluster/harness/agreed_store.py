"""How does a test run the store on an agreed cluster? By itself as soon as the store does: until then it is skipped."""
import functools
import unittest

from harness import client, settings
from harness.agreed import AGREED, AgreedTest
from harness.case import ALONE
from harness.node_process import NodeProcess
from harness.waiting import wait_until

REFUSAL = "the store does not run on an agreed cluster yet"


@functools.cache
def refuses():
    """Whether a node says so, asked once."""
    node = NodeProcess(*AGREED, *ALONE).launch()
    try:
        wait_until("a node serves or ends", lambda: not node.is_running() or client.status(node.port).state == "ready", 30)
        return not node.is_running() and REFUSAL in node.log()
    finally:
        node.begin_stop()
        node.close()


class AgreedStoreTest(AgreedTest):
    """Its nodes run the locator in mode "agreed", and the store."""

    def setUp(self):
        if refuses():
            raise unittest.SkipTest(REFUSAL)
        super().setUp()

    def node(self, *arguments, **places):
        return super().node(*arguments, **{"config": settings.STORE_CONFIG, **places})
