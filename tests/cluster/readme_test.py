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

# A row of `p2pctl map`: a member that is up, and has a copy of each partition that is in sync.
HAS_ALL = r"^\S+ +up .* 4096 +0$"


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
    maxDiff = None

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

    def start_nodes(self):
        """The three nodes of the README, on its ports in their order: a person takes longer to type than a node to start."""
        for count, line in enumerate([line for line in commands() if line.endswith("&")][:3], 1):
            self.start_line(line)
            self.run_until(self.verb(commands(), "members"), lambda text, count=count: f"{count} of {count} " in text)

    def kill_line(self, line):
        """`kill -9 $!`: the node that was started last."""
        node = self.nodes[-1]
        subprocess.run(["sh", "-c", line.replace("$!", str(node.pid))], check=True, timeout=60 * PATIENCE)
        self.assertEqual(node.wait(20 * PATIENCE), -signal.SIGKILL)

    def run_well(self, line):
        done = self.run_line(line)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout

    def run_all(self, lines):
        """Verb and words -> what it printed."""
        return {line.split("p2pctl ", 1)[1]: self.run_well(line) for line in lines}

    def run_until(self, line, is_so):
        """What a person would try again a moment later, and what it says in the end."""
        wait_until(f"{line} says so", lambda: is_so(self.run_line(line).stdout), 30)
        return self.run_well(line)

    @staticmethod
    def verb(lines, name):
        return next(line for line in lines if line.endswith(f"p2pctl {name}"))

    def wait_until_all_hold_all(self):
        self.run_until(self.verb(commands(), "map"), lambda text: len(re.findall(HAS_ALL, text, re.M)) == 3)

    def wait_until_one_has_left(self):
        wait_until("a node has left", lambda: any(node.poll() == 0 for node in self.nodes), 20)


class ReadmeTest(ReadmeCase):
    def test_a_node_of_three_is_killed_and_nothing_is_lost(self):
        lines = commands()
        killing = lines.index("kill -9 $!")
        before, after = lines[:killing], lines[killing + 1:]
        self.start_nodes()
        said = self.run_all(line for line in before if not line.endswith("&"))
        self.assertEqual(said["--node 127.0.0.1:9902 get a"], "apple\n")

        self.kill_line(lines[killing])
        again = next(line for line in after if line.endswith("&"))
        members = self.verb(after, "members")
        said = self.run_all(line for line in after[:after.index(again)] if line != members)
        self.assertEqual(said["--node 127.0.0.1:9901 get a"], "apple\n")
        self.assertIn("found 26 of 26", said["verify"])
        told = self.run_until(members, lambda text: "2 of 3 members are up" in text)
        self.assertRegex(told, r"127\.0\.0\.1:9902 +down ")

        self.start_line(again)
        self.wait_until_all_hold_all()
        self.run_well(after[-1])
        self.wait_until_one_has_left()

    def test_the_commands_for_operators_do_what_they_say(self):
        self.start_nodes()
        lines = commands("readme-test-agreed")
        self.run_until(self.verb(lines, "agreement"), lambda text: "all are there" in text)
        said = self.run_all(lines)
        self.assertIn("has weight 50", said["weight 127.0.0.1:9901 50"])
        self.wait_until_one_has_left()

    def test_the_python_example_prints_what_it_says(self):
        self.start_nodes()
        # One of its deadlines is half a second, and a write waits while its partition changes hands. None does by the time that a
        # person has typed it.
        self.wait_until_all_hold_all()
        done = subprocess.run([sys.executable, "-c", python_example()], cwd=self.state, capture_output=True, text=True,
                              env=dict(self.environment, PYTHONPATH=str(PYTHON_CLIENT)), timeout=60 * PATIENCE)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines(), ["b'apple'", "[b'cherry', b'banana', None]", "True"])


if __name__ == "__main__":
    run_tests_in_own_network("readme_test")
