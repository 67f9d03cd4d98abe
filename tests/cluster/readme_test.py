"""The README's commands and its Python example, word for word, on the README's own ports: in a network namespace of the test's own."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from harness.own_machine import run_tests_in_own_network
from harness.settings import PATIENCE, PYTHON_CLIENT
from harness.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["P2P_BUILD"])


def commands(name="readme-test"):
    text = (ROOT / "README.md").read_text()
    block = re.search(rf"```sh {name}\n(.*?)```", text, re.S)
    assert block, f"README.md has a block ```sh {name}"
    return [line.replace("build/release/bin", str(BUILD / "bin")) for line in block.group(1).splitlines() if line]


def python_example():
    block = re.search(r"```python readme-test\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert block, "README.md has a block ```python readme-test"
    return block.group(1)


class ReadmeCase(unittest.TestCase):
    def setUp(self):
        self.state = tempfile.mkdtemp(prefix="p2p-readme-")
        self.environment = dict(os.environ, XDG_STATE_HOME=self.state)
        self.nodes = []

    def tearDown(self):
        for node in self.nodes:
            if node.poll() is None:
                node.send_signal(signal.SIGTERM)
        for node in self.nodes:
            try:
                node.wait(20 * PATIENCE)
            except subprocess.TimeoutExpired:
                node.kill()
                node.wait()
        shutil.rmtree(self.state)

    def run_line(self, line):
        return subprocess.run(line.split(), cwd=ROOT, env=self.environment, capture_output=True, text=True,
                              timeout=60 * PATIENCE)

    def start_line(self, line):
        self.nodes.append(subprocess.Popen(line.rstrip(" &").split(), cwd=ROOT, env=self.environment,
                                           stderr=subprocess.DEVNULL))

    def run_until_done(self, line):
        """What a person would try again a moment later: all have just joined."""
        wait_until(f"{line} succeeds", lambda: self.run_line(line).returncode == 0, 30)
        return self.run_line(line)


class ReadmeTest(ReadmeCase):
    def test_the_commands_for_three_nodes_do_what_they_say(self):
        lines = commands()
        outputs = {}
        for line in lines:
            if line.endswith("&"):
                self.start_line(line)
                continue
            if line.endswith("p2pctl members"):
                self.wait_for_three(line)
            done = self.run_line(line)
            self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
            outputs[line.split("p2pctl ", 1)[1]] = done.stdout
        self.assertEqual(outputs["--node 127.0.0.1:9902 get a"], "apple\n")
        self.assertIn("found 26 of 26", outputs["verify"])
        wait_until("a node has left", lambda: any(node.poll() == 0 for node in self.nodes), 20)

    def test_the_python_example_prints_what_it_says(self):
        lines = commands()
        for line in lines:
            if line.endswith("&"):
                self.start_line(line)
        self.wait_for_three(next(line for line in lines if line.endswith("p2pctl members")))
        done = subprocess.run([sys.executable, "-c", python_example()], cwd=self.state, capture_output=True, text=True,
                              env=dict(self.environment, PYTHONPATH=str(PYTHON_CLIENT)), timeout=60 * PATIENCE)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines(), ["b'apple'", "[b'cherry', b'banana', None]", "True"])

    def wait_for_three(self, line):
        """A person takes longer to type than three nodes take to start; a test does not."""
        wait_until("three members", lambda: len(self.run_line(line).stdout.splitlines()) == 3, 20)


class AgreedReadmeTest(ReadmeCase):
    def test_the_commands_for_an_agreed_cluster_do_what_they_say(self):
        outputs = {}
        for line in commands("readme-test-agreed"):
            if line.endswith("&"):
                self.start_line(line)
                continue
            if line.endswith("p2pctl members"):
                wait_until("three members are up", lambda line=line: "3 of 3" in self.run_line(line).stdout, 20)
            done = self.run_until_done(line) if line.endswith("p2pctl agreement") else self.run_line(line)
            self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
            outputs[line.split("p2pctl ", 1)[1]] = done.stdout
        self.assertIn("all are there", outputs["agreement"])
        self.assertIn("has weight 50", outputs["weight 127.0.0.1:9901 50"])
        wait_until("a node has left", lambda: any(node.poll() == 0 for node in self.nodes), 20)


if __name__ == "__main__":
    run_tests_in_own_network("readme_test")
