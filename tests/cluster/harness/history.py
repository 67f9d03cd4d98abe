"""Do clients see what a store promises while nodes come and go? Runs p2phistory, which loads, records and checks."""
import json
import subprocess

from harness import settings

# From the last command until the verdict: every key is read through every node.
VERDICT_SECONDS = 300


class History:
    """A running p2phistory; a context. Its clients know the nodes they were told of."""

    def __init__(self, nodes, seed, clients=8, keys=50_000, pause_us=500, through_client=False, **options):
        arguments = [f"--clients={clients}", f"--keys={keys}", f"--seed={seed}", f"--pause-us={pause_us}"]
        arguments += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        arguments += [f"--node={node.name}" for node in nodes]
        arguments += ["--through-client"] * through_client
        self._command = [str(settings.P2PHISTORY), *arguments]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()  # the keys are there, and the clients run
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(VERDICT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process.stdout.close()

    def add(self, node):
        self._tell("add", node.name)

    def remove(self, node):
        self._tell("remove", node.name)

    def report(self):
        """Calls so far."""
        self._tell("report")
        return self._read()

    def finish(self, nodes):
        """Ends the clients; the verdict, with what they saw and what each of `nodes` holds in the end."""
        self._tell("finish", *(node.name for node in nodes))
        return self._read()

    def _tell(self, *words):
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"p2phistory ended with {self._process.wait()}")
        return json.loads(line)
