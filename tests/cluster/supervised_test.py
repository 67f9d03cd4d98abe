"""A node as a service of the machine: what it tells the manager that started it, where its log goes, and its unit."""
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

from harness import client, settings
from harness.case import ALONE, ClusterTest
from harness.classic_ring import keys_owned_by
from harness.waiting import wait_until

CONFIGURATION = 78
UNIT = settings.SOURCE / "etc" / "p2phost.service"
CALL_SECONDS = 20

# The unit's own time before it kills, against the defaults of the configuration.
DEFAULTS = {"drain_timeout": 10, "call_timeout": 5, "start_timeout": 30}


class ManagerSocket:
    """The datagram socket of a service manager; `name` as it stands in NOTIFY_SOCKET."""

    def __init__(self, name):
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self._socket.settimeout(CALL_SECONDS * settings.PATIENCE)

    def receive(self):
        """The next message as a dictionary of its fields."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))

    def receive_until(self, field):
        """The messages up to the one that has `field`."""
        messages = [self.receive()]
        while field not in messages[-1]:
            messages.append(self.receive())
        return messages

    def close(self):
        self._socket.close()


class NotifyTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.folder = self.temporary_folder()

    def manager(self, name=None):
        manager = ManagerSocket(name or str(self.folder / "notify"))
        self.addCleanup(manager.close)
        return manager

    def supervised_node(self, manager, *arguments, **variables):
        return self.node(*ALONE, *arguments, environment={"NOTIFY_SOCKET": manager.name, **variables}).launch()

    def test_a_start_and_an_end_are_told_with_the_time_they_may_take(self):
        manager = self.manager()
        node = self.supervised_node(manager, "--set", "host.drain_timeout=2m")
        starting = manager.receive()
        self.assertEqual(starting["STATUS"], "starting")
        self.assertGreaterEqual(int(starting["EXTEND_TIMEOUT_USEC"]), 2 * DEFAULTS["start_timeout"] * 1_000_000)
        ready = manager.receive()
        self.assertEqual(ready["READY"], "1")
        self.assertEqual(ready["STATUS"], f"ready: {node.name} serves locator, diststore")
        self.assertEqual(node.status().state, "ready")
        node.leave()
        stopping = manager.receive()
        self.assertEqual((stopping["STOPPING"], stopping["STATUS"]), ("1", "leaving the network"))
        self.assertGreater(int(stopping["EXTEND_TIMEOUT_USEC"]), 125_000_000)

    def test_a_hand_over_that_takes_longer_is_told_again_and_again(self):
        manager = self.manager()
        leaver = self.supervised_node(manager, "--set", "host.drain_timeout=4s")
        manager.receive_until("READY")
        heir = self.node("--join", leaver.name).start()
        self.wait_for_network([leaver, heir])
        client.write(leaver.port, keys_owned_by(leaver.name, [leaver.name, heir.name], 1)[0], "kept")
        heir.freeze()
        leaver.send_signal(signal.SIGTERM)
        told = [manager.receive() for _ in range(3)]
        self.assertEqual([message["STOPPING"] for message in told], ["1"] * 3)
        self.assertIn("hands over", told[2]["STATUS"])
        for message in told:
            self.assertGreater(int(message["EXTEND_TIMEOUT_USEC"]), 9_000_000)
        heir.thaw()
        self.assertEqual(leaver.wait(), 0)

    def test_an_abstract_socket_is_told_too(self):
        manager = self.manager(f"@p2phost-test-{os.getpid()}")
        self.supervised_node(manager)
        self.assertEqual(manager.receive_until("READY")[-1]["READY"], "1")

    def test_readiness_waits_for_the_services(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            manager = self.manager()
            member = f"127.0.0.1:{silent.getsockname()[1]}"
            node = self.supervised_node(manager, "--join", member)
            self.assertEqual(manager.receive()["STATUS"], "starting")
            waiting = manager.receive()
            self.assertRegex(waiting["STATUS"], f"waits for a network: .*{member}")
            self.assertGreater(int(waiting["EXTEND_TIMEOUT_USEC"]), 20_000_000)
            node.leave()
            told = manager.receive_until("STOPPING")
            self.assertFalse([message for message in told if "READY" in message])

    def test_the_watchdog_hears_it_again_and_again(self):
        manager = self.manager()
        self.supervised_node(manager, WATCHDOG_USEC="200000")
        manager.receive_until("READY")
        for _ in range(5):
            self.assertEqual(manager.receive(), {"WATCHDOG": "1"})

    def test_a_watchdog_of_another_process_hears_nothing(self):
        manager = self.manager()
        node = self.supervised_node(manager, WATCHDOG_USEC="10000", WATCHDOG_PID="1")
        manager.receive_until("READY")
        client.call(node.port, "ping")
        node.leave()
        self.assertFalse([message for message in manager.receive_until("STOPPING") if "WATCHDOG" in message])


class LogTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.log_file = self.temporary_folder() / "node.log"

    def test_a_log_file_takes_every_line_and_is_opened_anew_on_sigusr1(self):
        node = self.lonely_node("--set", f"log.file={self.log_file}")
        self.assertIn("ready after", self.log_file.read_text())
        self.assertEqual(stat.S_IMODE(self.log_file.stat().st_mode), 0o640)
        self.assertEqual(node.log(), "")
        renamed = self.log_file.rename(self.log_file.with_suffix(".1"))
        node.send_signal(signal.SIGUSR1)
        wait_until("the log file is opened anew", self.log_file.exists)
        before = renamed.read_text()
        node.leave()
        self.assertIn("leaving the network: SIGTERM", self.log_file.read_text())
        self.assertIn("stopped", self.log_file.read_text())
        self.assertEqual(renamed.read_text(), before)

    def test_a_log_file_that_cannot_be_opened_anew_is_told_in_the_former_one(self):
        node = self.lonely_node("--set", f"log.file={self.log_file}")
        renamed = self.log_file.rename(self.log_file.with_suffix(".1"))
        self.log_file.mkdir()
        node.send_signal(signal.SIGUSR1)
        wait_until("the failure is told",
                   lambda: f"error host: cannot open the log file {self.log_file}" in renamed.read_text())
        self.assertEqual(node.status().state, "ready")

    def test_sigusr1_without_a_log_file_changes_nothing(self):
        node = self.lonely_node()
        node.send_signal(signal.SIGUSR1)
        node.leave()

    def test_a_log_file_that_cannot_be_opened_is_refused_and_the_key_is_named(self):
        missing = self.log_file.parent / "missing" / "node.log"
        node = self.node(*ALONE, "--set", f"log.file={missing}").launch()
        self.assertEqual(node.wait(), CONFIGURATION)
        self.assertIn(f'[log] file = "{missing}": cannot open the log file {missing}: No such file or directory', node.log())

    def test_lines_carry_priorities_for_the_journal_only(self):
        plain = self.lonely_node()
        self.assertRegex(plain.log(), r"(?m)^\d{4}-")
        self.assertNotRegex(plain.log(), r"(?m)^<\d>")
        journal = self.node(*ALONE)
        # The harness opens the log file by this name and hands it over as the standard error.
        pathlib.Path(journal._log_path).touch()
        status = os.stat(journal._log_path)
        journal._environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
        journal.start()
        journal.leave()
        self.assertEqual([line for line in journal.log().splitlines() if not re.match(r"<[34567]>\d{4}-", line)], [])
        self.assertRegex(journal.log(), r"(?m)^<6>.* info  host: ready after")


class UnitTest(unittest.TestCase):
    def test_systemd_accepts_the_unit(self):
        with tempfile.TemporaryDirectory() as folder:
            # The programs are not installed here: the paths of those that were built stand in.
            unit = pathlib.Path(folder) / "p2phost.service"
            unit.write_text(UNIT.read_text().replace("/usr/bin/p2phost", str(settings.P2PHOST)))
            verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True,
                                      check=False, timeout=60 * settings.PATIENCE)
        ours = [line for line in verified.stderr.splitlines() if "p2phost" in line]
        self.assertEqual((verified.returncode, ours), (0, []), verified.stderr)

    def test_its_timeouts_fit_those_of_the_configuration(self):
        for key, seconds in DEFAULTS.items():
            self.assertIn(f'#{key} = "{seconds}s"', settings.STORE_CONFIG.read_text())
        unit = UNIT.read_text()
        start, stop = (int(re.search(rf"^{key}=(\d+)$", unit, re.MULTILINE).group(1))
                       for key in ("TimeoutStartSec", "TimeoutStopSec"))
        self.assertGreater(start, 2 * DEFAULTS["start_timeout"])
        self.assertGreater(stop, DEFAULTS["drain_timeout"] + DEFAULTS["call_timeout"])

    def test_what_only_an_operator_can_mend_is_not_tried_again(self):
        self.assertIn("\nRestart=on-failure\n", UNIT.read_text())
        self.assertIn("\nRestartPreventExitStatus=64 77 78\n", UNIT.read_text())


if __name__ == "__main__":
    unittest.main()
