"""Where is a fresh installation? Made once a process, in a temporary folder that is named like nothing in the tree."""
import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness.node_process import clean_environment

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["P2P_BUILD"])
VERSION = os.environ["P2P_VERSION"]

# Compilers on a loaded machine take their time; what hangs ends all the same.
COMMAND_SECONDS = 600

_made = {}


def run(*command, cwd=None, code=0, environment=None):
    """Runs a command to its end, which must be `code`; its standard output."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=COMMAND_SECONDS, env=environment)
    assert done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout if code == 0 else done.stderr


def fresh_folder():
    folder = tempfile.mkdtemp(prefix="p2phost-install-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


def prefix():
    """The folder that everything was installed to, as a user would."""
    if "prefix" not in _made:
        folder = fresh_folder() / "prefix"
        run(os.environ["P2P_CMAKE"], "--install", BUILD, "--prefix", folder)
        _made["prefix"] = folder
    return _made["prefix"]


def program(name="p2phost"):
    return prefix() / "bin" / name


def author_environment(folder):
    """A shell in which the installed programs are in PATH, and nothing of this tree is known. Whether it compiles is looked at, and
    that it runs, not how fast."""
    kept = clean_environment(folder)
    kept.pop("PYTHONPATH", None)
    return {**kept, "CXXFLAGS": "-O0", "PATH": f"{prefix()}/bin:{os.environ['PATH']}"}


def cmake_package():
    return pathlib.Path(run(program(), "--cmakedir").strip())
