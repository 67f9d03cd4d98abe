"""How does a test get ports, names and machines that belong to nobody else? In namespaces of its own, which end with it: of the
network, where every port is free, and of the file systems, where other files stand in the place of the machine's.

Root has leave for that; anybody else takes it by being root in a user namespace of his own."""
import os
import pathlib
import shlex
import sys
import tempfile

# Set inside, to which nothing else is added.
_INSIDE = "P2P_OWN_NETWORK"


def _unshare(*what):
    return ["unshare", *what, *([] if os.geteuid() == 0 else ["--map-root-user"])]


def run_tests_in_own_network(module, *prepare, unshare=()):
    """For the end of a test's file that is run as a program: runs `module`, or the tests of it that are named as arguments,
    where the loopback is its own. `prepare` are shell commands that run there before, `unshare` further namespaces."""
    script = " && ".join(["ip link set lo up", *prepare, 'exec "$0" "$@"'])
    wanted = [f"{module}.{name}" for name in sys.argv[1:]] or [module]
    inside = dict(os.environ, **{_INSIDE: "1"})
    command = [*_unshare("--net", *unshare), "sh", "-c", script, sys.executable, "-m", "unittest", "-v", *wanted]
    os.execvpe(command[0], command, inside)


def run_tests_with_own_hosts(module, hosts, *prepare):
    """The same where `hosts` is the text of /etc/hosts, too."""
    file = pathlib.Path(tempfile.mkdtemp(prefix="p2phost-test-"), "hosts")
    file.write_text(hosts)
    run_tests_in_own_network(module, *prepare, _put(file, "/etc/hosts"), f"rm -r {shlex.quote(str(file.parent))}",
                             unshare=["--mount"])


def run_tests_on_own_machines(module):
    """The same where harness.machines can make machines: `ip netns` keeps them below /run, which is the test's own."""
    run_tests_in_own_network(module, "mount -t tmpfs run /run", unshare=["--mount"])


def is_own_network():
    return _INSIDE in os.environ


def _put(file, place):
    return f"mount --bind {shlex.quote(str(file))} {place}"


def with_files(files, command=()):
    """`command`, or a prefix of one, run where each of `files` stands in the place that it names: path -> place."""
    puts = " && ".join(_put(file, place) for file, place in files.items())
    return [*_unshare("--mount"), "sh", "-c", puts + ' && exec "$@"', "sh", *command]
