"""How does a test run one peer of the 2009 system? As a process on a port, which always ends with the test.

A seed serves one connection at a time, so nothing here connects to it to learn how it is: it is asked on its stdin.
members() alone is a call, for what waits for a network of both kinds.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from harness import address, client, settings
from harness.child_process import END_SECONDS, ChildProcess
from harness.node_process import clean_environment
from harness.ports import free_port
from harness.waiting import wait_until

START_SECONDS = 20
ANSWER_SECONDS = 10

FOLDER = settings.SOURCE / "tests" / "cluster"


class SeedProcess(ChildProcess):
    """A seed_peer.node. `arguments` follow those that give it its place; `port` None takes a free one.

    `prefix` is a command that runs the seed's.
    """

    kind = "seed"

    def __init__(self, *arguments, port=None, prefix=()):
        self.port = port or free_port()
        self._prefix = prefix
        self.name = address.here(self.port)
        self._folder = tempfile.TemporaryDirectory(prefix="p2phost-test-")
        self._log_path = pathlib.Path(self._folder.name, "log")
        self._output_path = pathlib.Path(self._folder.name, "output")
        self._arguments = [*map(str, arguments)]
        self._lines_before = 0
        self._last_log = None
        self.process = None

    # --- its life ---

    def launch(self, peer=None, discover_from=None):
        """Starts the process and does not wait for it.

        `peer` is a name, or what has one. Without it the node founds a network, or looks from port `discover_from` on.
        """
        self._lines_before = len(self._lines())
        if self.process is not None:
            self.process.stdin.close()  # of its last life
        with open(self._log_path, "ab") as log, open(self._output_path, "ab") as output:
            self.process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "seed_peer.node", "--host", address.place(self.port)[0],
                 "--port", str(int(self.port)), *place_arguments(peer, discover_from), *self._arguments],
                cwd=FOLDER, env=clean_environment(self._folder.name, {"PYTHONDONTWRITEBYTECODE": "1"}),
                stdin=subprocess.PIPE, stdout=output, stderr=log)
        return self

    def start(self, peer=None, discover_from=None):
        """Starts the process and waits until it has joined and listens."""
        return self.launch(peer, discover_from).wait_until_ready()

    def join_without_a_race(self, peer):
        """Joins the SeedProcess `peer`, which takes up the join only when this one listens: no put is refused."""
        peer.tell("mute-on", "join")
        self.start(peer)
        peer.tell("unmute")
        return self

    def wait_until_ready(self, seconds=START_SECONDS):
        ready = "joined" if "--refuse-after-join" in self._arguments else "listening"

        def is_ready():
            if self.process.poll() is not None:
                code = self.process.returncode
                raise AssertionError(f"seed {self.name} ended with {code} while it started:\n{self.log()}")
            return ready in self._lines()[self._lines_before:]

        wait_until(f"seed {self.name} says '{ready}'", is_ready, seconds)
        return self

    def leave(self, number=signal.SIGINT):
        """By Ctrl-C. What it put last may still wait at the receivers."""
        super().leave(number)

    def begin_stop(self):
        """Ends it without handing over: the test is done with it."""
        if self.is_running():
            self.process.kill()

    def close(self):
        """Waits for the end that begin_stop() asked for, keeps the log, and removes the folder."""
        if self.process is not None:
            self.process.wait(END_SECONDS * settings.PATIENCE)
            self.process.stdin.close()
        self._last_log = self.log()
        self._folder.cleanup()

    # --- what it says ---

    def log(self):
        """Each call that it got and made, in order."""
        if self._last_log is not None:
            return self._last_log
        if not self._log_path.exists():
            return ""
        return self._log_path.read_text(errors="replace")

    def _lines(self):
        if not self._output_path.exists():
            return []
        text = self._output_path.read_text()
        return text[:text.rfind("\n") + 1].splitlines()  # the last one may still be on its way

    def tell(self, *words):
        """Obeyed when it returns: see seed_peer/console.py for what a seed can be told."""
        lines_before = len(self._lines())
        self.process.stdin.write((" ".join(words) + os.linesep).encode())
        self.process.stdin.flush()

        def answer():
            return [json.loads(line) for line in self._lines()[lines_before:] if line.startswith("{")]

        answered = wait_until(f"seed {self.name} obeys {words}", answer, ANSWER_SECONDS)[0]
        assert "error" not in answered, answered
        return answered[words[0]]

    def ring(self):
        """The names that it knows, sorted, in the text form of ours."""
        return sorted(address.name_at(*address.split_name(name)) for name in self.tell("ring"))

    def items(self):
        """What it holds, with the empty values of keys that it was asked for in vain."""
        return self.tell("items")

    def keys(self):
        """Those with a value."""
        return set(self.tell("keys"))

    def values(self):
        return {key: value for key, value in self.items().items() if value}

    def members(self):
        return client.members(self.port, service=None)


def place_arguments(peer, discover_from):
    if peer is not None:
        return ["--peer", getattr(peer, "name", peer)]
    return ["--alone"] if discover_from is None else ["--first-port", str(discover_from)]
