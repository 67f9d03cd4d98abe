"""p2pctl doctor: it finds nothing in a healthy network, and each planted fault by name, at its node, with what puts it right."""
import json
import pathlib
import resource
import tempfile
import unittest

from harness import settings
from harness.agreed_store import AgreedStoreTest
from harness.ports import free_port
from harness.waiting import wait_until

DONE, NO, NO_NODE = 0, 1, 3
CLOCK_SKEW = {"LD_PRELOAD": str(settings.BUILD / "lib" / "libclock_skew.so"), "P2P_CLOCK_SKEW": "20"}
FORMER = ("--set", f"services.locator.plugin=\"{settings.FORMER_LOCATOR / 'locator.so'}\"")
ONE_ZONE = ("--set", "services.locator.config.zone=a")
IN_MEMORY = pathlib.Path("/dev/shm")
# A test's folder may be there too.
OF_THE_PLACE = "volatile_data"


class DoctorTest(AgreedStoreTest):
    def examine(self, node):
        """What is wrong, as (kind, node or None); each has its severity, its words and its fix, also in the text."""
        ended = node.ctl("--json", "--timeout", "500ms", "doctor")
        told = json.loads(ended.stdout)
        self.assertEqual(ended.returncode, NO if told["findings"] else DONE, ended.stderr)
        self.assertEqual(told["healthy"], not told["findings"])
        for one in told["findings"]:
            self.assertIn(one["severity"], ("error", "warning"))
            self.assertTrue(one["what"] and one["fix"], one)
        return {(one["kind"], one["node"]) for one in told["findings"]}

    def wait_until_found(self, node, wanted):
        """Waits until at least these are found, and returns all that are."""
        last = set()

        def is_found():
            last.clear()
            last.update(self.examine(node))
            return wanted <= last

        try:
            wait_until("all are found", is_found, 40)
        except AssertionError as late:
            raise AssertionError(f"not found: {wanted - last}; found: {last}") from late
        return last

    def test_nothing_is_found_in_a_healthy_network(self):
        nodes = self.cluster(3)
        self.wait_until_balanced(nodes)
        self.wait_for_voters(nodes, 3)
        wait_until("all is well",
                   lambda: all(kind == OF_THE_PLACE for node in nodes for kind, _ in self.examine(node)), 40)

    def test_without_a_node_it_says_so(self):
        self.assertEqual(self.node(port=free_port()).ctl("doctor").returncode, NO_NODE)

    def test_each_planted_fault_is_found_with_its_fix(self):
        memory = tempfile.TemporaryDirectory(prefix="p2phost-test-", dir=IN_MEMORY)
        self.addCleanup(memory.cleanup)
        # The former founds the network: one of a higher level would refuse it.
        former, = self.cluster(1, *ONE_ZONE, *FORMER, environment=CLOCK_SKEW)
        first = self.next_node(*ONE_ZONE).start()
        poor = self.next_node(*ONE_ZONE, "--set", "services.diststore.config.memory_max=1GiB",
                              data_dir=pathlib.Path(memory.name) / "data").start()
        storeless = self.next_node(*ONE_ZONE, "--set", "services.diststore.enabled=false").start()
        nodes = [first, poor, former, storeless]
        self.wait_for_network(nodes)
        first.data_dir.chmod(0o777)
        self.addCleanup(first.data_dir.chmod, 0o700)
        (first.data_dir / "crash.notes.unreadable").write_text("?")
        _, hard = resource.prlimit(poor.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(poor.process.pid, resource.RLIMIT_NOFILE, (1024, hard))
        lasting = {("open_data_dir", first.name), ("set_aside", first.name), ("few_descriptors", poor.name),
                   ("volatile_data", poor.name), ("few_zones", None),
                   ("no_store", storeless.name)}
        self.wait_until_found(storeless, {*lasting, ("clock_off", former.name), ("old_level", former.name),
                                          ("other_memory_max", poor.name),
                                          ("service_disabled", storeless.name)})
        text = storeless.ctl("doctor").stdout
        self.assertIn(f"chmod 700 {first.data_dir}", text)
        self.assertIn(f"p2pctl --node {storeless.name} enable diststore", text)

        former.kill()
        found = self.wait_until_found(first, {*lasting, ("member_down", former.name), ("few_members", None)})
        self.assertNotIn(("no_majority", None), found)

        for node in (poor, storeless):
            node.freeze()
            self.addCleanup(node.thaw)
        self.wait_until_found(first, {("unreachable", poor.name), ("unreachable", storeless.name),
                                      ("no_majority", None), ("no_lease", first.name)})


if __name__ == "__main__":
    unittest.main()
