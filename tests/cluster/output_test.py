"""What could not be written is not taken for said: p2pctl and p2phost tell it by their exit code, whatever was asked."""
import contextlib
import os
import subprocess
import tempfile
import unittest

from harness import settings
from harness.case import ClusterTest
from harness.node_process import clean_environment

P2PCTL_OUTPUT, P2PHOST_OUTPUT = 4, 74
FULL_DISK = "/dev/full"

# Every verb of p2pctl that prints something, in an order in which each finds what it needs. `put` and `delete` do with
# --json alone.
VERBS = (["prime"], ["verify"], ["get", "A"], ["members"], ["locate", "A"], ["ring"], ["ping"], ["status"], ["services"],
         ["receipts"], ["reload", "--check"], ["reload"], ["disable", "--force", "diststore"], ["enable", "diststore"],
         ["bench", "--requests", "5", "--keys", "5", "--connections", "1"])
JSON_VERBS = (["put", "A", "Alpha"], ["delete", "A"])


@contextlib.contextmanager
def outputs():
    """Places where nothing can be written, with a name for each."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(FULL_DISK, "w") as full, open(writing, "w") as broken:
        yield (("a full disk", full), ("a closed pipe", broken))
        with contextlib.suppress(OSError):
            broken.close()


def run(program, *arguments, output, folder="/"):
    """Exit code and standard error. SIGPIPE stays ignored, as in this process: a write tells of a closed pipe."""
    ended = subprocess.run([str(program), *map(str, arguments)], stdout=output, stderr=subprocess.PIPE, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=60 * settings.PATIENCE, restore_signals=False,
                           env=clean_environment(folder))
    return ended.returncode, ended.stderr


class P2pctlOutputTest(ClusterTest):
    def assert_told(self, *words):
        with outputs() as places:
            for place, output in places:
                with self.subTest(words, place=place):
                    code, errors = run(settings.P2PCTL, *words, output=output)
                    self.assertEqual(code, P2PCTL_OUTPUT, errors)
                    self.assertIn("cannot write the output", errors)

    def test_every_verb_tells_it(self):
        node = self.lonely_node()
        for words in VERBS:
            self.assert_told("--node", node.name, *words)
        for words in (*VERBS, *JSON_VERBS):
            self.assert_told("--node", node.name, "--json", *words)

    def test_an_order_is_carried_out_all_the_same(self):
        for words in (["leave"], ["leave", "--no-wait"], ["--json", "stop"]):
            node = self.lonely_node()
            with open(FULL_DISK, "w") as full:
                self.assertEqual(run(settings.P2PCTL, "--node", node.name, *words, output=full)[0], P2PCTL_OUTPUT)
            self.assertEqual(node.wait(), 0)

    def test_answers_that_need_no_node_tell_it(self):
        for words in (["--help"], ["--version"], ["bench", "--help"]):
            self.assert_told(*words)

    def test_a_value_that_breaks_off_is_told(self):
        node = self.lonely_node()
        for size in (100, 1_000_000):
            value = "x" * size
            with open(os.devnull, "w") as nowhere:
                arguments = ("--node", node.name, "put", f"key-{size}", value[:100_000])
                self.assertEqual(run(settings.P2PCTL, *arguments, output=nowhere)[0], 0)
            self.assert_told("--node", node.name, "get", f"key-{size}")

    def test_where_the_standard_output_is_closed_nothing_else_takes_its_place(self):
        node = self.lonely_node()
        for words, code in ((["--node", node.name, "ping"], P2PCTL_OUTPUT), (["--node", node.name, "put", "a", "b"], 0)):
            ended = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', str(settings.P2PCTL), *words], capture_output=True,
                                   text=True, timeout=60 * settings.PATIENCE, check=False)
            self.assertEqual(ended.returncode, code, ended.stderr)

    def test_errors_that_cannot_be_written_change_no_exit_code(self):
        node = self.lonely_node()
        for words, code in ((["get", "missing"], 1), (["fly"], 2), (["--node", "127.0.0.1:1", "ping"], 3)):
            place = [] if "--node" in words else ["--node", node.name]
            with open(FULL_DISK, "w") as full:
                ended = subprocess.run([str(settings.P2PCTL), *place, *words], stdout=subprocess.DEVNULL, stderr=full,
                                       timeout=60 * settings.PATIENCE, check=False)
            self.assertEqual(ended.returncode, code, words)


class P2phostOutputTest(unittest.TestCase):
    PLUGIN = settings.PLUGINS / "locator.so"

    def test_every_flag_that_answers_tells_it(self):
        config = ("--config", settings.STORE_CONFIG)
        cases = (["--help"], ["--version"], ["--list-plugins"], ["--list-plugins", "--json"], [*config, "--check"],
                 [*config, "--print-config"], ["--validate", self.PLUGIN], ["--validate", self.PLUGIN, "--json"],
                 ["--new-plugin", "greeter", "--dir"])
        with tempfile.TemporaryDirectory(prefix="p2phost-test-") as folder, outputs() as places:
            for words in cases:
                for place, output in places:
                    made = [tempfile.mkdtemp(dir=folder)] if words[-1] == "--dir" else []
                    with self.subTest(words, place=place):
                        code, errors = run(settings.P2PHOST, *words, *made, output=output, folder=folder)
                        self.assertEqual(code, P2PHOST_OUTPUT, errors)
                        self.assertIn("cannot write the output", errors)


if __name__ == "__main__":
    unittest.main()
