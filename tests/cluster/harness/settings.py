"""Where is what ctest has built, and how patient are the tests? Set in the environment by CMakeLists.txt."""
import os
import pathlib
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("P2P_BUILD", SOURCE / "build" / "release"))
P2PHOST = BUILD / "bin" / "p2phost"
P2PCTL = BUILD / "bin" / "p2pctl"
P2PHISTORY = BUILD / "bin" / "p2phistory"
HISTORY_LOAD = BUILD / "bin" / "history_load"
HISTORY_CHECK = BUILD / "bin" / "history_check"
PLUGINS = BUILD / "lib" / "p2phost" / "plugins"
TEST_PLUGINS = BUILD / "tests" / "plugins"
CLANG_PLUGINS = BUILD / "tests" / "plugins_of_clang"  # some of TEST_PLUGINS again, not under a sanitizer
FORMER_LOCATOR = BUILD / "tests" / "former_locator"  # of the first feature level
NEXT_LOCATOR = BUILD / "tests" / "next_locator"  # the locator with one feature level more
EXAMPLE_PLUGINS = BUILD / "lib" / "p2phost" / "examples"
EXAMPLES = SOURCE / "sdk" / "examples"
BAD_PLUGINS = BUILD / "tests" / "bad"  # each does one thing wrong
CARELESS_PLUGINS = BUILD / "tests" / "fixtures"  # refused by their bytes
PYTHON_CLIENT = pathlib.Path(os.environ.get("P2P_PYTHON_CLIENT", BUILD / "lib" / "python3" / "dist-packages"))
STORE_CONFIG = SOURCE / "etc" / "store.toml"
LOCATOR_CONFIG = SOURCE / "etc" / "locator.toml"
CLASSIC_CONFIG = SOURCE / "etc" / "classic.toml"

# Every deadline is multiplied by it: programs under a sanitizer take their time.
PATIENCE = float(os.environ.get("P2P_PATIENCE", "1"))


# Which sanitizer is in the programs, or "".
SANITIZER = os.environ.get("P2P_SANITIZER", "")


def patient(*limits):
    """Arguments that make a node as patient as the tests are: `limits` as "host.call_timeout=5s"."""
    arguments = []
    for limit in limits:
        key, seconds = limit.removesuffix("s").split("=")
        arguments += ["--set", f"{key}={float(seconds) * PATIENCE:g}s"]
    return arguments


sys.path.insert(0, str(PYTHON_CLIENT))
sys.path.insert(0, os.environ.get("P2P_GENERATED_PYTHON", str(BUILD / "tests" / "cluster" / "gen-py")))
