"""How does a test get ports and names that belong to nobody else? In namespaces of its own: of the network, where every port
is free, or of the file systems, where it says which addresses a name has."""
import os
import sys

# Set inside, to which nothing else is added.
_INSIDE = "P2P_OWN_NETWORK"


def _unshare(what):
    return ["unshare", what] if os.geteuid() == 0 else ["unshare", what, "--map-root-user"]


def run_tests_in_own_network(module):
    """For the end of a test's file that is run as a program: runs `module`, or the tests of it that are named as arguments,
    where the loopback is its own."""
    script = 'ip link set lo up && exec "$0" "$@"'
    wanted = [f"{module}.{name}" for name in sys.argv[1:]] or [module]
    inside = dict(os.environ, **{_INSIDE: "1"})
    os.execvpe("unshare", [*_unshare("--net"), "sh", "-c", script, sys.executable, "-m", "unittest", "-v", *wanted], inside)


def is_own_network():
    return _INSIDE in os.environ


def with_hosts(hosts_file, command):
    """`command`, run where `hosts_file` is /etc/hosts."""
    return [*_unshare("--mount"), "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts_file), *command]
