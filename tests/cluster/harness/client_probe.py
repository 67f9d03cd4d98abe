"""p2pclientprobe: calls a network through the C++ client library, and tells what came of it."""
import json
import subprocess

from harness import settings

PROGRAM = settings.BUILD / "bin" / "p2pclientprobe"


def run(node, *words):
    """The one line of JSON of a run with `node` as its only seed."""
    return run_at(node.name, *words)


def run_at(seed, *words):
    """The same with a seed of any name."""
    ended = subprocess.run([str(PROGRAM), f"--seed={seed}", *map(str, words)], capture_output=True, text=True,
                           stdin=subprocess.DEVNULL, timeout=300 * settings.PATIENCE, check=False)
    if ended.returncode != 0:
        raise AssertionError(f"the probe ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
    return json.loads(ended.stdout)
