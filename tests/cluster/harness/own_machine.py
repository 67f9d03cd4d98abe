"""How does a test get ports, names and machines that belong to nobody else? In namespaces of its own, which end with it: of the
network, where every port is free, and of the file systems, where other files stand in the place of the machine's.

Root has leave for that; anybody else takes it by being root in a user namespace of his own, and is himself again, in one more,
when that is made: a node that root runs trusts only files of root, and those of the machine's root are nobody's there."""
import os
import pathlib
import shlex
import sys
import tempfile

# Set inside, to who has started the test: "uid gid".
_INSIDE = "P2P_OWN_NETWORK_OF"

_LOOPBACK = "ip link set lo up"


def _user():
    return os.environ.get(_INSIDE) or f"{os.getuid()} {os.getgid()}"


def user_id():
    """Who has started the test, whoever it is in its namespaces."""
    return int(_user().split()[0])


def as_oneself():
    """A prefix of a command that is run by who has started the test."""
    user, group = _user().split()
    return [] if user == "0" else ["unshare", f"--map-user={user}", f"--map-group={group}"]


def _is_root_a_mount():
    # The fifth field is where it is mounted.
    with open("/proc/self/mountinfo") as mounts:
        return any(line.split()[4] == "/" for line in mounts)


def own_mounts():
    """What unshare(1) is told for mounts that nobody else sees."""
    # In a chroot the mount below / cannot be named to be made private: it stays as it is, which is private in a bare system.
    return ["--mount", *([] if _is_root_a_mount() else ["--propagation", "unchanged"])]


def _unshare(*what):
    return ["unshare", *what, *([] if os.geteuid() == 0 else ["--map-root-user"])]


def _run_inside(module, prepare, unshare, prefix):
    script = " && ".join([*prepare, 'exec "$@"'])
    wanted = [f"{module}.{name}" for name in sys.argv[1:]] or [module]
    tests = [sys.executable, "-m", "unittest", "-v", *wanted]
    command = [*_unshare(*unshare), "sh", "-c", script, "sh", *prefix, *tests]
    os.execvpe(command[0], command, dict(os.environ, **{_INSIDE: _user()}))


def run_tests_in_own_network(module):
    """For the end of a test's file that is run as a program: runs `module`, or the tests of it that are named as arguments,
    where the loopback is its own."""
    _run_inside(module, [_LOOPBACK], ["--net"], as_oneself())


def run_tests_with_own_hosts(module, hosts, *prepare):
    """The same where `hosts` is the text of /etc/hosts, too. `prepare` are shell commands that run there before."""
    file = pathlib.Path(tempfile.mkdtemp(prefix="p2phost-test-"), "hosts")
    file.write_text(hosts)
    put = [_put(file, "/etc/hosts"), f"rm -r {shlex.quote(str(file.parent))}"]
    _run_inside(module, [_LOOPBACK, *prepare, *put], ["--net", *own_mounts()], as_oneself())


def run_tests_on_own_machines(module):
    """The same where harness.machines can make machines, as root does: `ip netns` keeps them below /run, which is the test's
    own."""
    _run_inside(module, [_LOOPBACK, "mount -t tmpfs run /run"], ["--net", *own_mounts()], [])


def is_own_network():
    return _INSIDE in os.environ


def _put(file, place):
    return f"mount --bind {shlex.quote(str(file))} {place}"


def with_files(files, command=()):
    """`command`, or a prefix of one, run where each of `files` stands in the place that it names: path -> place."""
    puts = " && ".join(_put(file, place) for file, place in files.items())
    return [*_unshare(*own_mounts()), "sh", "-c", puts + ' && exec "$@"', "sh", *as_oneself(), *command]
