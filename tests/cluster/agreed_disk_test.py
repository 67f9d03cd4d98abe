"""Nodes that agree on one cluster map, whose disk fails at any one of the calls by which they keep who they are and what they
have promised: it is full, it is read-only, a write is short, a sync fails."""
import signal
import unittest

from harness import settings
from harness.agreed import FEW, AgreedTest, identities, state_of
from harness.case import ALONE
from harness.ports import free_port
from harness.waiting import wait_until

SHIM = settings.BUILD / "lib" / "libdisk_faults.so"
SYSTEM = 71  # the exit code
CALLS_MAX = 60  # more than a node makes here

# From the fault on or once, and what the operator is to do about it.
ADVICE = {"ENOSPC": "make room there", "EROFS": "make that file system writable", "EIO": "look at the kernel's log"}


class Disk:
    """The data folder of one node after the other, with a fault at the `number`th `call` of a kind: "3+" for all from there."""

    def __init__(self, test):
        self.place = test.temporary_folder()
        self.data = self.place / "data"
        self.data.mkdir(0o700)
        self.port = free_port()

    def faults(self, call, number, act):
        trace = self.place / "trace"
        trace.unlink(missing_ok=True)
        return {"LD_PRELOAD": str(SHIM), "P2P_DISK_TRACE": str(trace),
                "P2P_DISK_FAULT": f"{self.data / 'locator'} {call} {number} {act}"}

    def has_failed(self):
        """Whether the process came as far as the fault."""
        return " *" in (self.place / "trace").read_text()


class DiskCase(AgreedTest):
    def node_on(self, disk, *arguments, environment=None):
        return self.node(*FEW, *arguments, port=disk.port, data_dir=disk.data, environment=environment)

    def ended_or_ready(self, node):
        """The exit code of a node that has ended; None: it is ready."""
        wait_until(f"{node.name} is ready or ends",
                   lambda: node.process.poll() is not None or node.status().state == "ready", 20)
        return node.process.poll()

    def check_end(self, node, disk, act):
        """It ended for the fault's sake, and says so: what failed, where, and what to do."""
        self.assertEqual(node.process.returncode, SYSTEM, node.log())
        said = [line for line in node.log().splitlines() if " error " in line and f"{disk.data}/locator" in line]
        self.assertTrue(any("cannot" in line and ADVICE[act] in line for line in said), node.log())

    def check_identity(self, before, after, disk):
        """It is the same in a higher boot; or it began anew, and what the former one has promised is kept."""
        if not identities(before):
            return
        (was, boot), (now, next_boot) = identities(before)[-1], identities(after)[-1]
        if was == now:
            self.assertGreater(next_boot, boot)
        else:
            self.assertTrue(any((disk.data / "locator").glob("node.*")), after.log())


class LoneNodeTest(DiskCase):
    def test_a_full_disk(self):
        self.fail_everywhere("write", "ENOSPC")

    def test_a_disk_that_is_full_from_then_on(self):
        self.fail_everywhere("write", "ENOSPC", later="+")

    def test_a_file_system_that_becomes_read_only(self):
        self.fail_everywhere("open", "EROFS", later="+")
        self.fail_everywhere("rename", "EROFS", later="+")

    def test_a_sync_that_fails(self):
        self.fail_everywhere("fsync", "EIO")

    def test_a_short_write_is_completed(self):
        for number in range(1, CALLS_MAX):
            with self.subTest(number=number):
                disk = Disk(self)
                node = self.node_on(disk, *ALONE, environment=disk.faults("write", number, "short")).start()
                node.leave()
                if not disk.has_failed():
                    return
        self.fail("it never ends writing")

    def fail_everywhere(self, call, act, later=""):
        for number in range(1, CALLS_MAX):
            with self.subTest(call=call, number=number, act=act):
                disk = Disk(self)
                node = self.node_on(disk, *ALONE, environment=disk.faults(call, f"{number}{later}", act)).launch()
                if not self.live_and_leave(node, disk, act):
                    return
                after = self.node_on(disk, *ALONE).start()
                self.check_identity(node, after, disk)
                self.end([after])
        self.fail("its disk is never at rest")

    def live_and_leave(self, node, disk, act):
        """False: it had no need of the call that was to fail."""
        if self.ended_or_ready(node) is None:
            node.send_signal(signal.SIGTERM)
            node.wait()
        if not disk.has_failed():
            self.assertEqual(node.process.returncode, 0, node.log())
            return False
        # The number in the lock's file is only for a message.
        if node.process.returncode != 0:
            self.check_end(node, disk, act)
        return True


class NetworkTest(DiskCase):
    """Two healthy nodes, and a third that votes and whose disk fails."""

    def test_a_network_goes_on_when_a_voters_disk_is_full(self):
        self.fail_everywhere("write", "ENOSPC", range(2, 10))

    def test_a_network_goes_on_when_a_voters_sync_fails(self):
        self.fail_everywhere("fsync", "EIO", range(3, 19, 2))

    def fail_everywhere(self, call, act, numbers):
        healthy = self.cluster(2, *FEW)
        epoch = 0
        for number in numbers:
            with self.subTest(call=call, number=number, act=act):
                disk = Disk(self)
                join = ("--join", healthy[0].name)
                faulty = self.node_on(disk, *join, environment=disk.faults(call, number, act)).launch()
                self.wait_for_the_fault(faulty, healthy)
                self.check_end(faulty, disk, act)
                self.wait_for_network(healthy)
                after = self.node_on(disk, *join).start()
                self.wait_for_network([*healthy, after])
                self.check_identity(faulty, after, disk)
                state = state_of(healthy[0])
                self.assertGreaterEqual(state.epoch, epoch)
                epoch = state.epoch
                self.assertEqual(len({member.id for member in state.members}), len(state.members))
                after.leave()
                self.wait_for_network(healthy)

    def wait_for_the_fault(self, faulty, healthy):
        """It is made to promise more and more until it fails."""
        weights = iter(range(101, 101 + CALLS_MAX))

        def has_ended():
            if faulty.process.poll() is not None:
                return True
            healthy[0].ctl("weight", healthy[1].name, str(next(weights)))
            return False

        wait_until(f"{faulty.name} ends", has_ended, 30)


if __name__ == "__main__":
    unittest.main()
