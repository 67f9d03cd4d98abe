"""Machines of a test's own: network namespaces on a bridge, whose links can be pulled. They end with the test's process, which
harness.own_machine has started in namespaces of its own, and which stands on the bridge."""
import contextlib
import ctypes
import os

from harness import address, losses
from harness.commands import run
from harness.own_machine import as_oneself, is_own_network
from harness.ports import free_port

CLONE_NEWNET = 0x40000000
LISTENING = "0A"  # a state in /proc/net/tcp
UDP = "17"  # its name takes a table that a bare system lacks


def _ip(*words):
    run("ip", *words)


def _in(namespace):
    # What ip(8) has for it makes every mount private first, which it cannot in a chroot.
    return "nsenter", f"--net=/run/netns/{namespace}"


def _enter(descriptor):
    # The calling thread's sockets and children are there from now on (os.setns is younger than Debian's Python).
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def _inside(namespace):
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(before)
        os.close(there)
        os.close(before)


class Machine:
    def __init__(self, number):
        self.number = number
        self.name = f"m{number}"
        self.address = f"fd77::{number}" if address.HOST == "::1" else f"10.77.0.{number}"
        self._link = f"v{number}"
        _ip("netns", "add", self.name)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "eth0", "address", losses.hardware_address(number),
            "netns", self.name)
        _ip("link", "set", self._link, "master", "br0", "up")
        losses.prepare(self._link)
        run(*_in(self.name), "ip", "addr", "add", *_with_prefix(self.address), "dev", "eth0")
        run(*_in(self.name), "ip", "link", "set", "lo", "up")
        run(*_in(self.name), "ip", "link", "set", "eth0", "up")

    def places(self):
        """Where a node of this machine runs, as arguments of NodeProcess."""
        prefix = (*_in(self.name), *as_oneself())
        return {"port": address.PortAt(self.address, free_port()), "prefix": prefix}

    def unplug(self):
        """What is sent to it, or from it, vanishes."""
        _ip("link", "set", self._link, "down")

    def plug_in(self):
        _ip("link", "set", self._link, "up")

    def hear_less_of(self, losses_by_sender):
        """Of what the machines with these numbers send to it, this share vanishes; none of it by an empty table."""
        losses.lose(self._link, losses_by_sender)

    def take_no_datagrams(self):
        """Datagrams to it vanish, as where a packet filter lets through what is needed only."""
        for family in ("-4", "-6"):
            # Before the table of the machine's own addresses, which is asked first otherwise.
            run(*_in(self.name), "ip", family, "rule", "add", "pref", "100", "lookup", "local")
            run(*_in(self.name), "ip", family, "rule", "del", "pref", "0")
            run(*_in(self.name), "ip", family, "rule", "add", "pref", "50", "ipproto", UDP, "blackhole")

    def waiting_connections(self, port):
        """How many connections wait to be accepted at a listening `port` of this machine."""
        family = "6" if address.HOST == "::1" else ""
        with self.inside(), open(f"/proc/thread-self/net/tcp{family}") as table:
            for row in table.readlines()[1:]:
                # In hexadecimal digits: the local address and its port, what waits to be sent, and what to be received.
                _, local, _, state, queues, *_ = row.split()
                if state == LISTENING and int(local[-4:], 16) == port:
                    return int(queues[-8:], 16)
        raise AssertionError(f"nobody listens on port {port} of {self.name}")

    def inside(self):
        """A context in which this thread is on the machine."""
        return _inside(self.name)

    def close(self):
        # The link goes at once, and not when the kernel has cleared away the namespace: the next test has one of that name.
        _ip("link", "delete", self._link)
        _ip("netns", "delete", self.name)


class Machines:
    """`count` of them. The test's process reaches all."""

    def __init__(self, count):
        assert is_own_network(), "run this file as a program: the machines are the test's own"
        self._all = []
        _ip("link", "add", "br0", "type", "bridge")
        _ip("addr", "add", *_with_prefix("fd77::ffff" if address.HOST == "::1" else "10.77.0.254"), "dev", "br0")
        _ip("link", "set", "br0", "up")
        losses.make_sink()
        for number in range(1, count + 1):
            self._all.append(Machine(number))
        self._losses = {machine.number: {} for machine in self._all}

    def __iter__(self):
        return iter(self._all)

    def __getitem__(self, index):
        return self._all[index]

    def lose(self, senders, receivers, share=1.0):
        """From now on, `share` of all that `senders` send to `receivers` vanishes, and nothing else does between them."""
        for receiver in receivers:
            self._losses[receiver.number].update({sender.number: share for sender in senders if sender is not receiver})
            receiver.hear_less_of(self._losses[receiver.number])

    def cut(self, some, others):
        """Nothing gets from one side to the other."""
        self.lose(some, others)
        self.lose(others, some)

    def heal(self):
        """Whatever was lost arrives again."""
        for machine in self._all:
            self._losses[machine.number].clear()
            machine.hear_less_of({})

    def close(self):
        """Each test has its own: their names come again."""
        for machine in self._all:
            machine.close()
        losses.remove_sink()
        _ip("link", "delete", "br0")


def _with_prefix(host):
    return [f"{host}/64", "nodad"] if ":" in host else [f"{host}/24"]
