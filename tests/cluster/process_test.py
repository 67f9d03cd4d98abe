"""How a node starts, refuses to start, and ends: what an operator and a service manager see."""
import os
import pathlib
import re
import signal
import stat
import tempfile
import time
import unittest

from harness import address, client, settings
from harness.case import ALONE, ClusterTest
from harness.node_process import run_p2phost
from harness.ports import free_ports
from harness.raw import RawConnection, Request
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from diststore import Store
from diststore.ttypes import ReadOptions
from node import Admin, Node

# <sysexits.h>
USAGE, SYSTEM, START_TIMEOUT, CONFIGURATION = 64, 71, 75, 78

FIVE_MISTAKES = """\
[host]
lisen = "127.0.0.1:9900"
io_threads = "four"
call_timeout = "5"
[services.locator]
[services.locator.config]
mode = "clasic"
[services.diststore]
[services.diststore.config]
key_bytes_max = "2MiB"
"""


class StartTest(ClusterTest):
    """While a node starts: here it waits for a member that takes connections and says nothing."""

    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        silent = address.listening()
        self.addCleanup(silent.close)
        self.silent = address.here(silent.getsockname()[1])

    def start_waiting(self, member, *arguments):
        node = self.node("--join", member, *arguments).launch()
        wait_until("the node says for whom it waits",
                   lambda: member in (node.service("locator").problem or ""))
        self.assertEqual(node.status().state, "starting")
        return node

    def test_calls_that_arrive_early_are_answered_when_the_services_are_ready(self):
        other = self.node(*ALONE)
        node = self.start_waiting(other.name, "--set", "host.call_timeout=2m")
        with RawConnection(node.port, client.CLASSIC) as connection:
            requests = [Request(Store, "get", key=f"key-{number}") for number in range(100)]
            connection.send(b"".join(request.encode(client.CLASSIC, n) for n, request in enumerate(requests)))
            self.assertEqual(node.status().state, "starting")
            other.start()
            for number, request in enumerate(requests):
                self.assertEqual(connection.reply(request)[0], number)
        self.assertEqual(node.status().state, "ready")

    def test_a_node_that_is_told_to_end_while_it_starts_ends(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            node = self.start_waiting(self.silent)
            node.leave(number)

    def test_a_node_that_cannot_join_yet_answers_nothing_that_it_cannot_know(self):
        other = self.node(*ALONE)
        node = self.start_waiting(other.name, "--set", "host.call_timeout=100ms", *settings.patient("host.start_timeout=1s"))
        # Longer than start_timeout: a wait for others is no part of it.
        enough = time.monotonic() + 1.5 * settings.PATIENCE
        while time.monotonic() < enough:
            for call in (("read", b"a", ReadOptions()), ("get", "a"), ("get_all",), ("get_node", "a")):
                with self.assertRaises(TApplicationException):
                    client.call(node.port, *call)
        self.assertEqual(node.status().state, "starting")
        status = node.ctl("status")
        self.assertEqual(status.returncode, 1)
        self.assertIn(other.name, status.stdout)
        other.start()
        node.wait_until_ready()
        self.wait_for_network([node, other])

    def test_who_joins_a_node_that_waits_waits_for_the_same(self):
        other = self.node(*ALONE)
        first = self.start_waiting(other.name)
        second = self.start_waiting(first.name)
        wait_until("the second waits for whom the first does",
                   lambda: other.name in second.service("locator").problem)
        other.start()
        for node in (first, second):
            node.wait_until_ready()
        self.wait_for_network([first, second, other])

    def test_nodes_that_are_told_to_join_each_other_are_a_network(self):
        ports = free_ports(3)
        names = [argument for port in ports for argument in ("--join", address.here(port))]
        first, second = (self.node(*names, port=port).launch() for port in ports[:2])
        wait_until("they wait for the third", lambda: all(address.here(ports[2]) in node.service("locator").problem
                                                         for node in (first, second)))
        third = self.node(*names, port=ports[2]).start()
        for node in (first, second):
            node.wait_until_ready()
        self.wait_for_network([first, second, third])


class RefusedStartTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def run_to_the_end(self, *arguments, **places):
        node = self.node(*ALONE, *arguments, **places).launch()
        return node, node.wait()

    def assert_nobody_listens(self, port):
        with address.unbound() as probe, self.assertRaises(ConnectionRefusedError):
            probe.connect((address.HOST, port))

    def test_five_mistakes_give_five_messages_with_line_and_column_and_nothing_listens(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "wrong.toml"
            config.write_text(FIVE_MISTAKES)
            node, code = self.run_to_the_end(config=config)
        self.assertEqual(code, CONFIGURATION)
        places = re.findall(r"^\S*wrong\.toml:(\d+):(\d+): error: ", node.log(), re.MULTILINE)
        self.assertEqual(places, [("2", "1"), ("3", "14"), ("4", "16"), ("7", "8"), ("10", "17")])
        self.assertIn("did you mean 'host.listen'?", node.log())
        self.assertIn("did you mean 'classic'?", node.log())
        self.assert_nobody_listens(node.port)
        self.assertFalse(node.data_dir.exists())

    def test_a_locator_off_under_diststore_is_refused_and_both_are_named(self):
        node, code = self.run_to_the_end("--set", "services.locator.enabled=false")
        self.assertEqual(code, CONFIGURATION)
        self.assertIn("locator", node.log())
        self.assertIn("diststore", node.log())
        self.assert_nobody_listens(node.port)

    def test_check_finds_the_same_mistakes_and_accepts_what_is_shipped(self):
        for config in (settings.STORE_CONFIG, settings.LOCATOR_CONFIG):
            self.assertEqual(run_p2phost("--config", config, "--check").returncode, 0)
        wrong = run_p2phost("--config", settings.STORE_CONFIG, "--check", "--set", "host.lisen=127.0.0.1:9900")
        self.assertEqual(wrong.returncode, CONFIGURATION)
        self.assertIn("host.listen", wrong.stderr)

    def test_unknown_flags_are_a_usage_error(self):
        for arguments in (["--konfig", "x"], ["--check", "--version"], ["surplus"]):
            self.assertEqual(run_p2phost(*arguments).returncode, USAGE, arguments)

    def test_a_taken_port_is_refused_when_none_is_searched(self):
        with address.listening() as taken:
            port = taken.getsockname()[1]
            node, code = self.run_to_the_end(port=port)
        self.assertEqual(code, SYSTEM)
        self.assertIn(f"cannot listen on {address.here(port)}", node.log())

    def test_two_nodes_never_share_a_data_folder(self):
        first = self.lonely_node()
        second, code = self.run_to_the_end(data_dir=first.data_dir)
        self.assertEqual(code, SYSTEM)
        self.assertIn("in use by another node", second.log())
        client.call(first.port, "ping")
        with client.connect_admin(str(first.data_dir / "admin.sock"), Node, "node") as admin:
            self.assertEqual(admin.status().node, first.name)

    def test_a_node_that_finds_no_network_in_time_ends_and_names_whom_it_waited_for(self):
        # The only member to join never answers: it takes connections and says nothing.
        with address.listening() as silent:
            member = address.here(silent.getsockname()[1])
            node = self.node("--join", member, "--set", "host.network_timeout=300ms").launch()
            self.assertEqual(node.wait(), START_TIMEOUT)
        # The reason once, with the service that waits; the others only wait for that.
        errors = [line.split("host: ", 1)[1] for line in node.log().splitlines() if " error host: " in line]
        self.assertRegex(errors[0], f"^service locator is not ready after .*network_timeout = 300ms: .*{re.escape(member)}")
        self.assertRegex(errors[1], "^service diststore is not ready after .*; it requires: p2p.locator.ILocator/")
        self.assertEqual(errors[2:], ["the node ends: it requires what is not ready: locator, diststore"])
        self.assertNotIn(member, errors[1])


class PluginListTest(unittest.TestCase):
    def test_both_plugins_are_listed_with_what_they_provide_and_require_and_a_refused_file_with_the_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            refused = pathlib.Path(folder) / "no_library.so"
            refused.write_text("this is no ELF file")
            listed = run_p2phost("--list-plugins", "--plugin-dir", folder)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        for expected in ("locator", "diststore", "p2p.locator.ILocator/3", "no_library.so"):
            self.assertIn(expected, listed.stdout)
        self.assertRegex(listed.stdout, r"no_library\.so\n\s+it is no ELF file")

    def test_the_version_names_the_abi(self):
        version = run_p2phost("--version")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout, r"p2phost \d+\.\d+\.\d+ \(plugin ABI \d+\.\d+\)")


class EndTest(ClusterTest):
    def test_sigterm_and_sigint_end_a_node_cleanly_and_leave_nothing_behind(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            node = self.lonely_node()
            node.leave(number)
            self.assertFalse((node.data_dir / "admin.sock").exists())
            self.assertIn("stopped", node.log())

    def test_a_second_sigterm_ends_a_node_at_once(self):
        nodes = self.cluster(2)
        for number in range(20):
            client.write(nodes[0].port, f"key-{number}", "x")
        # The other one hangs, so that the hand-over would take the whole drain timeout.
        nodes[1].freeze()
        nodes[0].send_signal(signal.SIGTERM)
        self.wait_until_leaving(nodes[0])
        nodes[0].send_signal(signal.SIGTERM)
        self.assertEqual(nodes[0].wait(seconds=3), 128 + signal.SIGTERM)

    def wait_until_leaving(self, node):
        wait_until("the node leaves", lambda: "leaving the network: SIGTERM" in node.log())

    def test_a_hand_over_that_cannot_succeed_is_bounded_by_drain_timeout(self):
        nodes = self.cluster(2, "--set", "host.drain_timeout=500ms")
        for number in range(20):
            client.write(nodes[0].port, f"key-{number}", "x")
        nodes[1].freeze()
        nodes[0].send_signal(signal.SIGTERM)
        self.assertEqual(nodes[0].wait(), 69)
        self.assertIn("has not drained, and got no further for [host] drain_timeout = 500ms", nodes[0].log())

    def test_calls_in_hand_are_answered_before_a_node_ends_and_later_ones_refused(self):
        nodes = self.cluster(2)
        with RawConnection(nodes[0].port, client.CLASSIC) as connection:
            requests = [Request(Store, "get", key=f"key-{number}") for number in range(200)]
            connection.send(b"".join(request.encode(client.CLASSIC, n) for n, request in enumerate(requests)))
            connection.reply(requests[0])
            nodes[0].send_signal(signal.SIGTERM)
            for number, request in enumerate(requests[1:], 1):
                try:
                    self.assertEqual(connection.reply(request)[0], number)
                except TApplicationException as refusal:
                    self.assertEqual(refusal.sequence, number)
                    self.assertTrue(refusal.message.startswith("p2p:draining:"), refusal.message)
        self.assertEqual(nodes[0].wait(), 0)


class AdminSocketTest(ClusterTest):
    def test_it_is_open_to_its_user_only(self):
        node = self.lonely_node()
        path = node.data_dir / "admin.sock"
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(node.data_dir).st_mode), 0o700)
        self.assertEqual(node.status().admin, str(path))

    def test_leave_hands_over_and_ends(self):
        nodes = self.cluster(2)
        for number in range(20):
            client.write(nodes[0].port, f"key-{number}", "kept")
        self.ask(nodes[1], "leave")
        self.assertEqual(nodes[1].wait(), 0)
        self.wait_for_network(nodes[:1])
        self.assertEqual([client.read(nodes[0].port, f"key-{number}") for number in range(20)], [b"kept"] * 20)

    def test_stop_ends_without_telling_the_others_who_find_out(self):
        nodes = self.cluster(3)
        self.ask(nodes[2], "stop")
        self.assertEqual(nodes[2].wait(), 0)
        self.assertNotIn(f"{nodes[2].name} left", nodes[0].log())
        self.wait_for_network(nodes[:2])

    def test_what_changes_a_node_is_not_served_on_its_open_port(self):
        node = self.lonely_node()
        for service in ("admin", "Admin", "node", None):
            with self.assertRaises(TApplicationException):
                client.call(node.port, "stop", interface=Admin, service=service)
        self.assertTrue(node.is_running())

    def ask(self, node, method):
        with client.connect_admin(str(node.data_dir / "admin.sock")) as admin:
            getattr(admin, method)()


if __name__ == "__main__":
    unittest.main()
