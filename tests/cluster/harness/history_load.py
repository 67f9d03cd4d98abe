"""Is what clients are told linearizable while nodes come and go? Runs history_load, which calls and records, and history_check."""
import json
import pathlib
import subprocess
import tempfile

from harness import settings

# From the last command until every key has been read in the end, and judged.
END_SECONDS = 120


class HistoryLoad:
    """A running history_load; a context. Its clients follow the network from `nodes` on; the keys are new to it.

    Further options are those of the program: keys=100, clients=8, pause_us=1000, deadline_ms=2000."""

    def __init__(self, nodes, **options):
        self._folder = tempfile.TemporaryDirectory(prefix="p2phost-test-")
        self._history = pathlib.Path(self._folder.name, "history.jsonl")
        self._command = [str(settings.HISTORY_LOAD), f"--history={self._history}", *(f"--node={node.name}" for node in nodes),
                         *(f"--{name.replace('_', '-')}={value}" for name, value in options.items())]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()  # the clients run
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS * settings.PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process.stdout.close()
            self._folder.cleanup()

    def report(self):
        """Operations so far: how many were ok, condition_failed, refused and unknown."""
        self._tell("report")
        return self._read()

    def finish(self):
        """Ends the clients and reads every key; the summary of what they felt."""
        self._tell("stop")
        return self._read()

    def check(self):
        """What history_check says of the whole history, once it is finished: (exit code, text)."""
        done = subprocess.run([str(settings.HISTORY_CHECK), str(self._history)], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=END_SECONDS * settings.PATIENCE)
        return done.returncode, done.stdout

    def _tell(self, word):
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"history_load ended with {self._process.wait()}")
        return json.loads(line)
