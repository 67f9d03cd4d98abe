"""Does the gate notice what breaks plugins, and does a plugin that was built before still work?"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))
sys.path.insert(0, os.environ["P2P_ABI_PYTHON"])

import abi_gate
from harness import client, settings
from harness.case import ALONE, ClusterTest
from harness.node_process import run_p2phost
from harness.validation import BROKEN, DONE, Validation
from harness.waiting import wait_until

from abi2 import Example

PREBUILT = HERE / "abi2_example.so"
BYTES_MAX = 120_000  # it stays in the history for ever

# Fields of the stamp that must be equal, except that of the ABI itself.
TOOLCHAIN = ("arch", "stdlib", "glibcxx_debug", "thrift", "fmt", "sanitizer")


class GateTest(unittest.TestCase):
    def difference(self, planted):
        folders = settings.BUILD / "tests" / "abi" / "planted"
        with tempfile.TemporaryDirectory() as folder:
            described = pathlib.Path(folder) / "described.abi"
            abi_gate.write(described, folders / "as_it_is" / "libp2psdk.so", folders / "as_it_is" / "p2p")
            return abi_gate.compare(described, folders / planted / "libp2psdk.so", folders / planted / "p2p")

    def test_what_has_not_changed_passes(self):
        self.assertEqual(self.difference("as_it_is"), "")

    def test_a_function_that_was_added_passes(self):
        self.assertEqual(self.difference("with_a_function"), "")

    def test_a_virtual_function_that_was_inserted_is_noticed(self):
        self.assertRegex(self.difference("with_a_virtual"), r"(?s)p2p::Plugin::stop.*vtable offset")

    def test_a_field_that_was_inserted_is_noticed(self):
        self.assertRegex(self.difference("with_a_field"), r"(?s)NodeInfo.*zone")


def stamp_of(binary):
    """The stamp as text, and where it begins."""
    at = binary.index(b"abi=")
    return binary[at:binary.index(b"\0", at)].decode(), at


def fields(stamp):
    return dict(pair.split("=", 1) for pair in stamp.split(";") if pair)


class PrebuiltTest(ClusterTest):
    def setUp(self):
        super().setUp()
        listed = json.loads(run_p2phost("--list-plugins", "--json").stdout)
        host, plugin = fields(listed["host"]["stamp"]), fields(stamp_of(PREBUILT.read_bytes())[0])
        differing = [field for field in TOOLCHAIN if host[field] != plugin[field]]
        if differing:
            self.skipTest(f"built with other packages than the kept plugin: {', '.join(differing)}")
        folder = tempfile.TemporaryDirectory(prefix="p2phost-test-")
        self.addCleanup(folder.cleanup)
        # A checkout may be writable by a group, which the host would refuse.
        self.path = pathlib.Path(folder.name) / PREBUILT.name
        shutil.copyfile(PREBUILT, self.path)

    def call(self, node, method, *arguments):
        return client.call(node.port, method, *arguments, interface=Example, service="abi2_example")

    def test_it_keeps_every_rule_of_todays_host(self):
        validation = Validation(self.path)
        self.assertEqual((validation.code, validation.skipped), (DONE, []), validation)

    def test_it_is_small_and_says_nothing_of_where_it_was_built(self):
        self.assertLess(PREBUILT.stat().st_size, BYTES_MAX)
        self.assertFalse(str(settings.SOURCE).encode() in PREBUILT.read_bytes())

    def test_it_is_loaded_started_called_and_stopped(self):
        node = self.node("--plugin-dir", self.path.parent, *ALONE, "--set", "services.abi2_example.config.greeting=welcome",
                         config=settings.LOCATOR_CONFIG).start()
        self.assertEqual(self.call(node, "service_type"), "example.Example")
        self.assertEqual(self.call(node, "greet", "Ada"), "welcome, Ada")
        self.assertEqual(self.call(node, "owner", "some key"), node.name)
        wait_until("its timer runs", lambda: self.call(node, "ticks") > 0)
        self.assertEqual(node.gauge("greetings", "abi2_example"), 1)
        other = self.node("--join", node.name, config=settings.LOCATOR_CONFIG).start()
        self.wait_for_network([node, other])
        self.assertIn(f"add {other.name}", self.call(node, "ring_events"))
        node.leave()
        self.assertRegex(node.log(), r"abi2_example: ready on 127\.0\.0\.1:\d+")
        self.assertIn("abi2_example: drained after 1 greetings", node.log())

    def test_a_plugin_of_the_former_abi_is_refused_by_name(self):
        former = self.path.parent / "abi1_example.so"
        shutil.copyfile(HERE / former.name, former)
        validation = Validation(former)
        self.assertEqual((validation.code, validation.failed), (BROKEN, ["stamp"]))
        self.assertRegex(validation.seen("stamp"), r"^abi: plugin 1\.\d, host 2\.0")

    def test_a_copy_with_another_stamp_is_refused_with_every_field_that_differs(self):
        binary = PREBUILT.read_bytes()
        stamp, at = stamp_of(binary)
        own = fields(stamp)
        others = {"abi": "9.9", "stdlib": "libstdc++/cxx11=0", "glibcxx_debug": "1", "fmt": "80000"}
        wrong = stamp
        for field, value in others.items():
            wrong = wrong.replace(f"{field}={own[field]};", f"{field}={value};")
        self.assertEqual(len(wrong), len(stamp))
        self.path.write_bytes(binary[:at] + wrong.encode() + binary[at + len(stamp):])
        host = fields(json.loads(run_p2phost("--list-plugins", "--json").stdout)["host"]["stamp"])
        expected = [f"{field}: plugin {value}, host {host[field]}" for field, value in others.items()]

        validation = Validation(self.path)
        self.assertEqual((validation.code, validation.failed), (BROKEN, ["stamp"]))
        self.assertEqual(validation.seen("stamp"), "; ".join(expected))
        listed = json.loads(run_p2phost("--list-plugins", "--json", "--plugin-dir", self.path.parent).stdout)
        self.assertEqual([refused["reasons"] for refused in listed["refused"]], [expected])


if __name__ == "__main__":
    unittest.main()
