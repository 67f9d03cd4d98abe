"""What a crash of a plugin leaves behind: a name in the log, the true exit status, and in the end a node without that plugin."""
import signal
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.waiting import NOT_YET
from thrift.Thrift import TApplicationException

from crasher import Crasher
from locator import Locator

# The service that crashes may be missed.
CONFIG = """\
[host]
default_service = ["locator"]
[services.locator]
[services.locator.config]
discover = "none"
[services.crasher]
required = false
"""

IN_THE_PLUGIN = (r"fatal signal {number} \({name}\) in plugin crasher 0\.1\.0 "
                 r"\(build-id [0-9a-f]{{40}}, offset 0x[0-9a-f]+\), thread {thread}\n")


class CrashTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.folder = self.temporary_folder()
        self.config = self.folder / "crash.toml"
        self.config.write_text(CONFIG)

    def crashing_node(self, *arguments, **places):
        return self.node("--plugin-dir", settings.TEST_PLUGINS, *arguments, config=self.config, **places)

    def crash(self, node, way, method="crash"):
        """Asks the node to crash, and returns its exit code as Popen has it: the negative signal."""
        try:
            client.call(node.port, method, way, interface=Crasher, service="crasher")
        except NOT_YET:
            pass  # nobody was left to answer
        return node.wait()

    def assert_names_the_plugin(self, node, number, thread):
        name = signal.Signals(number).name
        self.assertRegex(node.log(), IN_THE_PLUGIN.format(number=int(number), name=name, thread=thread))


class ReportTest(CrashTest):
    def assert_reported(self, way, number, thread, method="crash", arguments=()):
        with self.subTest(way=way, method=method):
            node = self.crashing_node(*arguments).start()
            self.assertEqual(self.crash(node, way, method), -number)
            self.assert_names_the_plugin(node, number, thread)

    def test_a_fault_on_a_worker_names_the_plugin(self):
        self.assert_reported("null", signal.SIGSEGV, "p2p:worker")
        self.assert_reported("divide", signal.SIGFPE, "p2p:worker")

    def test_a_call_of_abort_names_the_plugin_that_called(self):
        self.assert_reported("abort", signal.SIGABRT, "p2p:worker")

    def test_an_overflow_of_any_threads_stack_names_the_plugin(self):
        self.assert_reported("stack", signal.SIGSEGV, "p2p:worker")
        self.assert_reported("stack", signal.SIGSEGV, "p2p:crasher/own", method="crash_elsewhere")
        self.assert_reported("stack", signal.SIGSEGV, r"p2p:io/\d",
                             arguments=("--set", "services.crasher.config.inline=true"))

    def test_a_call_through_a_wild_pointer_names_the_plugin_that_called(self):
        self.assert_reported("wild", signal.SIGSEGV, "p2p:worker")

    def test_an_exception_on_a_thread_of_the_plugins_own_names_the_plugin(self):
        self.assert_reported("throw", signal.SIGABRT, "p2p:worker")

    def test_a_crash_in_start_names_the_plugin(self):
        node = self.crashing_node("--set", "services.crasher.config.at_start=true").launch()
        self.assertEqual(node.wait(), -signal.SIGSEGV)
        self.assert_names_the_plugin(node, signal.SIGSEGV, "p2phost")

    def test_a_crash_while_it_is_loaded_names_the_plugin(self):
        node = self.crashing_node(environment={"P2P_CRASH_AT_LOAD": "1"}).launch()
        self.assertEqual(node.wait(), -signal.SIGABRT)
        self.assertIn("fatal signal 6 (SIGABRT) in plugin crasher 0.1.0 (build-id unknown, while it was being loaded), "
                      "thread p2phost\n", node.log())

    def test_a_signal_from_outside_is_none_of_a_plugins(self):
        node = self.crashing_node().start()
        node.send_signal(signal.SIGSEGV)
        self.assertEqual(node.wait(), -signal.SIGSEGV)
        self.assertIn("fatal signal 11 (SIGSEGV) in the host", node.log())


class QuarantineTest(CrashTest):
    def crash_three_times(self):
        """A node that has crashed three times within moments, not started again."""
        for start in range(3):
            node = self.crashing_node(data_dir=self.folder / "data").start()
            self.assertEqual(node.service("crasher").state, "ready", f"start {start}")
            self.assertEqual(self.crash(node, "null"), -signal.SIGSEGV)

    def test_the_fourth_start_leaves_the_plugin_out_and_says_how_to_bring_it_back(self):
        self.crash_three_times()
        node = self.crashing_node(data_dir=self.folder / "data").start()
        self.assertRegex(node.log(), r"error *host: service crasher is left out: its plugin crasher crashed this node "
                                     r"3 times within 5 minutes, last with signal 11 \(SIGSEGV\) as version 0\.1\.0; "
                                     r"to bring it back: p2pctl enable crasher")
        self.assertEqual(node.service("crasher").state, "failed")
        self.assertIn("crashed this node 3 times", node.service("crasher").problem)
        for verb in ("status", "services"):
            self.assertEqual(node.ctl(verb).returncode, 1, verb)
        with self.assertRaises(TApplicationException) as refused:
            client.call(node.port, "ping", interface=Crasher, service="crasher")
        self.assertTrue(refused.exception.message.startswith("p2p:disabled:"), refused.exception.message)
        self.assertEqual(node.members(), [node.name])
        node.leave()
        again = self.crashing_node(data_dir=self.folder / "data").start()
        self.assertEqual(again.service("crasher").state, "failed")
        self.assertEqual(again.ctl("disable", "crasher").returncode, 0)
        self.assertEqual(again.ctl("status").returncode, 0)
        self.assertEqual(again.ctl("enable", "crasher").returncode, 0)
        self.assertEqual(again.service("crasher").state, "ready")

    def test_without_its_notes_it_starts_again(self):
        self.crash_three_times()
        (self.folder / "data" / "crash.notes").unlink()
        node = self.crashing_node(data_dir=self.folder / "data").start()
        client.call(node.port, "ping", interface=Crasher, service="crasher")

    def test_a_required_service_is_never_left_out(self):
        self.crash_three_times()
        node = self.crashing_node("--set", "services.crasher.required=true", data_dir=self.folder / "data").start()
        client.call(node.port, "ping", interface=Crasher, service="crasher")
        self.assertIn("service crasher starts although its plugin crasher crashed this node 3 times", node.log())

    def test_damaged_notes_are_told_and_set_aside(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "crash.notes").write_bytes(b"\x00\xff what is this\ntime=1 signal=")
        node = self.crashing_node(data_dir=data).start()
        self.assertRegex(node.log(), r"error *host: the notes of crashes in \S+ are damaged")
        self.assertEqual((data / "crash.notes.unreadable").read_bytes(), b"\x00\xff what is this\ntime=1 signal=")
        client.call(node.port, "ping", interface=Crasher, service="crasher")


class SafeModeTest(CrashTest):
    def test_only_required_services_start_and_the_others_are_named(self):
        node = self.crashing_node("--safe-mode", "--set", "services.crasher.config.at_start=true").start()
        self.assertRegex(node.log(), "error *host: service crasher is left out: --safe-mode starts required services only")
        self.assertEqual(client.call(node.port, "get_all", interface=Locator, service="locator")[0].port, node.port)
        self.assertEqual(node.service("crasher").state, "disabled")
        self.assertEqual(node.ctl("status").returncode, 0)


if __name__ == "__main__":
    unittest.main()
