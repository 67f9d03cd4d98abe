"""p2pctl bench loads real nodes: what it counts is true, and nothing that fails goes unseen. No figure of it is asserted."""
import json
import os
import pty
import signal
import subprocess
import unittest

from harness import address, client, settings
from harness.case import ALONE, ClusterTest
from harness.ports import free_port
from harness.proxy import SwappingProxy
from harness.waiting import wait_until

DONE, NO, USAGE, NO_NODE = 0, 1, 2, 3

# Ends by an interrupt of the test, long before.
FOREVER = ("--seconds", "600")
FEW_KEYS = ("--keys", "100")


def command(*arguments, nodes=()):
    places = [word for node in nodes for word in ("--node", node if isinstance(node, str) else node.name)]
    return [str(settings.P2PCTL), "bench", *places, *arguments]


def bench(*arguments, nodes=()):
    """Runs p2pctl bench to its end: exit code, standard output, standard error."""
    ended = subprocess.run(command(*arguments, nodes=nodes), capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=60 * settings.PATIENCE)
    return ended.returncode, ended.stdout, ended.stderr


class BenchTest(ClusterTest):
    def document(self, *arguments, nodes, code=DONE):
        """The one line of JSON that a run prints."""
        ended, output, errors = bench("--json", *arguments, nodes=nodes)
        self.assertEqual((ended, errors), (code, ""), output)
        self.assertEqual(output.count("\n"), 1, output)
        return json.loads(output)

    def running(self, *arguments, nodes):
        """A run that goes on until interrupt() ends it."""
        process = subprocess.Popen(command("--json", *FOREVER, *arguments, nodes=nodes), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def wait_for_calls(self, node, count=1000):
        """Until the node has answered `count` calls more than now."""
        before = client.status(node.port).calls
        wait_until("the load has come", lambda: client.status(node.port).calls >= before + count, 20)

    def interrupt(self, process, code):
        """What a run prints that is interrupted."""
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30 * settings.PATIENCE)
        self.assertEqual((process.returncode, errors), (code, ""), output)
        return json.loads(output)

    def test_every_operation_finds_what_it_looks_for_through_any_node(self):
        nodes = self.cluster(3)
        for number, operation in enumerate(("read", "write", "mixed")):
            shown = self.document("--operation", operation, "--requests", "5000", "--depth", "8", "--connections", "7", "--check",
                                  "--keys", "500", nodes=[nodes[number]])
            self.assertEqual((shown["answered"], shown["failed"], shown["failures"]), (5000, 0, {}))
            self.assertEqual(shown["nodes"], [nodes[number].name])
            self.assertEqual(sum(bucket["count"] for bucket in shown["histogram"]), 5000)
            ranks = [shown["latency_us"][rank] for rank in ("p50", "p90", "p99", "p999", "max")]
            self.assertEqual(ranks, sorted(ranks))
            self.assertGreater(ranks[0], 0)
        self.assertEqual(sum(node.gauge("keys") for node in nodes), 500)

    def test_values_of_every_size_come_back_whole(self):
        node = self.lonely_node()
        for size in ("8", "100", "65536", "1000000"):
            shown = self.document("--value-bytes", size, "--requests", "300", "--depth", "4", "--check", "--keys", "20", nodes=[node])
            self.assertEqual((shown["answered"], shown["failed"]), (300, 0))

    def test_values_are_as_large_as_the_nodes_are_told_to_take(self):
        node = self.lonely_node("--set", "host.frame_bytes_max=64MiB", "--set", "services.diststore.config.value_bytes_max=32MiB")
        shown = self.document("--value-bytes", str(32 << 20), "--requests", "4", "--connections", "2", "--check", "--keys", "2",
                              nodes=[node])
        self.assertEqual((shown["answered"], shown["failed"]), (4, 0))

    def test_several_nodes_are_loaded_in_turn(self):
        nodes = self.cluster(3)
        before = [client.status(node.port).calls for node in nodes]
        self.document("--operation", "write", "--connections", "3", "--requests", "3000", *FEW_KEYS, nodes=nodes)
        for node, calls in zip(nodes, before):
            self.assertGreater(client.status(node.port).calls, calls + 100)

    def test_missing_keys_are_counted(self):
        node = self.lonely_node()
        shown = self.document("--no-fill", "--requests", "500", *FEW_KEYS, nodes=[node], code=NO)
        self.assertEqual((shown["answered"], shown["failed"]), (500, 500))
        self.assertEqual(shown["failures"]["missing"]["count"], 500)
        self.assertEqual(shown["ops_per_second"], 0)

    def test_check_finds_the_one_value_that_is_another_keys(self):
        node = self.lonely_node()
        ours = ("--no-fill", "--requests", "1000", "--keys", "10")
        self.document("--requests", "10", "--keys", "10", "--check", nodes=[node])
        foreign = client.read(node.port, "key:000000000004")
        client.write(node.port, "key:000000000003", foreign)
        self.assertEqual(self.document(*ours, nodes=[node])["failed"], 0)
        shown = self.document(*ours, "--check", nodes=[node], code=NO)
        self.assertEqual(shown["answered"], 1000)
        self.assertIn("key:000000000003", shown["failures"]["misplaced"]["first"])
        self.assertLess(shown["failed"], 1000)

    def test_replies_that_change_places_are_counted(self):
        node = self.lonely_node()
        for operation in ("read", "write"):
            self.document("--requests", "10", *FEW_KEYS, nodes=[node])
            with SwappingProxy(node.port) as proxy:
                shown = self.document("--no-fill", "--operation", operation, "--requests", "2000", "--depth", "16",
                                      "--connections", "2", *FEW_KEYS, nodes=[proxy.name], code=NO)
            self.assertGreater(proxy.swaps, 0)
            self.assertGreater(shown["failures"]["misplaced"]["count"], 0)
            self.assertEqual(shown["answered"], 2000)

    def test_an_interrupt_shows_what_was_measured_so_far(self):
        node = self.lonely_node()
        process = self.running(*FEW_KEYS, nodes=[node])
        self.wait_for_calls(node)
        shown = self.interrupt(process, DONE)
        self.assertEqual((shown["interrupted"], shown["failed"]), (True, 0))
        self.assertGreater(shown["answered"], 0)

    def test_connections_of_a_killed_node_are_counted_and_the_others_go_on(self):
        stays, dies = self.lonely_node(), self.lonely_node()
        process = self.running("--operation", "write", "--connections", "6", "--depth", "2", *FEW_KEYS, nodes=[stays, dies])
        self.wait_for_calls(dies)
        dies.kill()
        self.wait_for_calls(stays)
        shown = self.interrupt(process, NO)
        self.assertEqual({kind: failure["count"] for kind, failure in shown["failures"].items()}, {"closed": 3 * 2})
        self.assertIn(dies.name, shown["failures"]["closed"]["first"])

    def test_a_node_that_falls_silent_ends_the_run(self):
        node = self.lonely_node()
        process = self.running("--timeout", f"{500 * settings.PATIENCE:.0f}ms", "--connections", "4", *FEW_KEYS, nodes=[node])
        self.wait_for_calls(node)
        node.freeze()
        output, _ = process.communicate(timeout=30 * settings.PATIENCE)
        shown = json.loads(output)
        self.assertEqual(process.returncode, NO)
        self.assertEqual({kind: failure["count"] for kind, failure in shown["failures"].items()}, {"unanswered": 4})
        node.thaw()

    def test_a_person_sees_a_table_a_histogram_and_on_a_terminal_how_it_goes(self):
        node = self.lonely_node()
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            process = subprocess.Popen(command("--seconds", "1", *FEW_KEYS, nodes=[node]), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=theirs, text=True)
            os.close(theirs)
            output, _ = process.communicate(timeout=30 * settings.PATIENCE)
            progress = self.read_all(terminal)
        self.assertEqual(process.returncode, DONE)
        for word in ("ops/s", "p50", "p90", "p99", "p99.9", "max", "0 failed", "below us", "#"):
            self.assertIn(word, output)
        self.assertRegex(progress, r"\rread? .* ops/s .*p99|\r.*read +[\d.]+ s +\d+ ops/s")
        self.assertTrue(progress.endswith("\r\x1b[K"), progress[-40:])  # the line is gone again

    def test_the_copies_of_an_agreed_cluster_are_shown(self):
        self.assertIsNone(self.document("--requests", "100", *FEW_KEYS, nodes=[self.lonely_node()])["copies"])
        node = self.node(*ALONE, config=settings.STORE_CONFIG).start()
        copies = self.document("--operation", "write", "--requests", "100", *FEW_KEYS, nodes=[node])["copies"]
        self.assertEqual(copies, {"wanted": 3, "required": 1, "members": 1, "partitions": 4096, "complete": 4096})

    def read_all(self, terminal):
        data = b""
        try:
            while chunk := terminal.read(65536):
                data += chunk
        except OSError:
            pass  # the other end is closed
        return data.decode()


class BenchRefusalTest(ClusterTest):
    def refused(self, *arguments, nodes, code):
        """The words of a run that measured nothing."""
        ended, output, errors = bench(*arguments, nodes=nodes)
        self.assertEqual((ended, output), (code, ""), errors)
        return errors

    def test_a_value_that_is_too_large_is_refused_in_the_stores_words(self):
        node = self.lonely_node("--set", "services.diststore.config.value_bytes_max=1KiB")
        for operation in ("read", "write", "mixed"):
            self.assertIn("value_bytes_max",
                          self.refused("--operation", operation, "--value-bytes", "2000", nodes=[node], code=NO))

    def test_a_value_that_no_message_holds_is_told_as_such_and_not_as_a_node_that_is_away(self):
        node = self.lonely_node("--set", "host.frame_bytes_max=64KiB", "--set", "services.diststore.config.value_bytes_max=16KiB",
                                "--set", "services.diststore.config.key_bytes_max=1KiB")
        for operation, size in (("read", 65536), ("write", 70000), ("mixed", 64 << 20)):
            words = self.refused("--operation", operation, "--value-bytes", str(size), nodes=[node], code=NO)
            for part in (node.name, f"{size} bytes", "[host] frame_bytes_max (16MiB unless set)", "--value-bytes"):
                self.assertIn(part, words)
            self.assertEqual(words.count("\n"), 1, words)

    def test_a_node_without_a_store_is_told(self):
        node = self.node(*ALONE, "--set", "services.diststore.enabled=false").start()
        self.assertIn("disabled", self.refused(nodes=[node], code=NO))

    def test_nobody_reached_is_three_also_when_it_is_the_second(self):
        node = self.lonely_node()
        nobody = address.here(free_port())
        self.assertIn(nobody, self.refused(nodes=[nobody], code=NO_NODE))
        self.assertIn(nobody, self.refused(nodes=[node, nobody], code=NO_NODE))

    def test_words_that_make_no_sense_are_two(self):
        for words in (("--operation", "fly"), ("--connections", "0"), ("--depth", "0"), ("--requests", "1", "--seconds", "1"),
                      ("--check", "--value-bytes", "7"), ("--keys", "0"), ("more",)):
            self.refused(*words, nodes=["127.0.0.1:1"], code=USAGE)

    def test_times_and_counts_outside_the_limits_are_two_and_the_limits_are_told(self):
        node = self.lonely_node()
        for seconds in ("nan", "inf", "1e12", "1e300", "0", "1e-9", "-1", "86401"):
            words = self.refused("--seconds", seconds, nodes=[node], code=USAGE)
            self.assertIn(f"--seconds: must be a number of seconds from 0.001 to 86400 (a day), not '{seconds}'\n", words)
        for requests in ("0", "-1", "10000000001", "1e30", "1.5"):
            words = self.refused("--requests", requests, nodes=[node], code=USAGE)
            self.assertIn(f"--requests: must be a whole number from 1 to 10000000000, not '{requests}'\n", words)

    def test_other_verbs_ask_one_node(self):
        ended = subprocess.run([str(settings.P2PCTL), "--node", "127.0.0.1:1", "--node", "127.0.0.1:2", "ping"],
                               capture_output=True, text=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (USAGE, ""))


P2PBENCH = settings.BUILD / "bin" / "p2pbench"


class ClusterLoadTest(ClusterTest):
    """The generator of ./dev bench, when it goes to the owners: every key is asked for, and none by way of another node."""

    def load(self, operation, *arguments):
        command = [str(P2PBENCH), operation, "--port", str(self.nodes[0].port), "--keys", "5000", "--each-key-once", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60 * settings.PATIENCE)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        return json.loads(ended.stdout)

    def test_single_keys_and_batches_go_to_their_owners(self):
        self.nodes = self.cluster(3)
        forwarded = sum(node.status().forwarded for node in self.nodes)
        for batch in ("1", "100", "77"):
            for operation in ("write", "read"):
                shown = self.load(f"p2phost-cluster-{operation}", "--batch", batch, "--depth", "5", "--connections", "2")
                self.assertEqual((shown["operations"], shown["bad"]), (5000, 0))
        self.assertEqual(sum(node.gauge("keys") for node in self.nodes), 5000)
        self.assertEqual(sum(node.status().forwarded for node in self.nodes), forwarded)

    def test_what_is_missing_is_counted(self):
        self.nodes = self.cluster(2)
        command = [str(P2PBENCH), "p2phost-cluster-read", "--port", str(self.nodes[0].port), "--keys", "300", "--each-key-once",
                   "--batch", "100"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60 * settings.PATIENCE)
        self.assertEqual((ended.returncode, json.loads(ended.stdout)["bad"]), (1, 300))
        self.assertIn("300 missing", ended.stderr)


if __name__ == "__main__":
    unittest.main()
