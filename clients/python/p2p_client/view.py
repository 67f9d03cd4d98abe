"""What does a client know of the network? Views are immutable; `Views` says which one is current, and when to ask for a
new one. No sockets, no clock: the time is an argument."""
import ipaddress
import threading

from p2p_client import placement
from p2p_client.fingerprint import fingerprint_of
from p2p_client.forking import start_anew_in_children

# A view that no reply has confirmed for this long is asked for again: replies of most services carry no fingerprint.
UNCONFIRMED_SECONDS_MAX = 1.0

# The pause between two requests for the members while replies contradict the view: short at first, since a change
# spreads within milliseconds, and longer each time the answer is not new.
DOUBT_SECONDS_MIN = 0.02
DOUBT_SECONDS_MAX = 1.0


def name_of(address, port):
    """The address as text, "host:port" or "[v6]:port", which address_of() reads; a port that was sent as an i16 may be
    negative."""
    return f"[{address}]:{port & 0xFFFF}" if ":" in address else f"{address}:{port & 0xFFFF}"


def classic_name(name):
    """The name of this node in the 2009 system, without brackets; rings and fingerprints are computed from it."""
    return name[1:].replace("]:", ":") if name.startswith("[") else name


def address_of(name):
    """(host, port) of "host:port" or "[v6]:port"; ValueError with the reason for anything else."""
    host, _, port = name.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        is_host = _is_v6(host)
    else:
        is_host = bool(host) and ":" not in host
    if not is_host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"'{name}' is no address of a node; it looks like 127.0.0.1:9900 or [::1]:9900")
    return host, int(port)


def _is_v6(text):
    try:
        ipaddress.IPv6Address(text)
        return True
    except ValueError:
        return False


class View:
    """Members and ring at one moment, with the fingerprint of nodes that have the same view."""

    def __init__(self, names):
        self.members = tuple(sorted(set(names), key=lambda name: classic_name(name).encode()))
        ring_names = list(map(classic_name, self.members))
        self.fingerprint = fingerprint_of(ring_names, placement.NAME)
        self._ring = placement.ClassicRing(ring_names)

    def owner_of(self, key):
        return self.members[self._ring.owner_of(key)]

    def owners_of(self, key, count):
        return [self.members[index] for index in self._ring.owners_of(key, count)]


# For how long a node is skipped that did not answer a probe, or is not one of ours: a node of the 2009 system stays so
# until another is started in its place.
MUTE_SECONDS = 30.0


class Views:
    """The current view. For any thread; `now` is from any monotonic clock, the same for all calls."""

    def __init__(self):
        self.current = None  # None until the first one is learnt
        self.speaking = set()  # nodes that have answered every call since their first answer
        self.silent = set()  # nodes that have not answered lately
        self._mute_until = {}  # node -> when it may be tried again
        self._foreign = set()  # of the mute ones, nodes that are not ours
        self.forked()
        self._is_doubted = False
        self._contradicts = None  # the node that contradicted the view last
        self._confirmed_at = 0.0
        self._asked_at = 0.0
        self._pause = DOUBT_SECONDS_MIN
        start_anew_in_children(self)

    def forked(self):
        """The thread that held the lock may not exist in the child. What is known of the network is valid there too."""
        self._lock = threading.RLock()  # a signal handler may make calls

    def heard(self, node, fingerprint, now):
        """A reply of `node` carried the fingerprint of its view."""
        current = self.current
        if current is not None and fingerprint == current.fingerprint:
            self._confirmed_at = now
        else:
            self._contradicts, self._is_doubted = node, True

    def suspect(self, node):
        """`node` did not answer a call that it should have answered: the members may have changed, and
        it is asked last for them."""
        self.silent.add(node)
        self.speaking.discard(node)
        self._is_doubted = True

    def answers(self, node):
        """`node` has answered a call."""
        if node not in self.speaking:
            self.speaking.add(node)
            self.silent.discard(node)
            self._mute_until.pop(node, None)
            self._foreign.discard(node)

    def mute(self, node, now):
        """`node` accepted a probe and did not answer."""
        self.silent.add(node)
        self.speaking.discard(node)
        self._mute_until[node] = now + MUTE_SECONDS

    def is_none_of_ours(self, node, now):
        """The answer of `node` shows it."""
        self.mute(node, now)
        self._foreign.add(node)

    def is_foreign(self, node, now):
        return node in self._foreign and self.is_mute(node, now)

    def is_mute(self, node, now):
        return node in self._mute_until and now < self._mute_until[node]

    def is_due(self, now):
        """Whether to ask for the view before the next call is sent."""
        if self.current is None:
            return True
        with self._lock:
            if self._is_doubted:
                return now - self._asked_at >= self._pause
            return now - max(self._confirmed_at, self._asked_at) >= UNCONFIRMED_SECONDS_MAX

    def whom_to_ask(self):
        """The node that contradicted the view, or None; the caller asks for the members now."""
        with self._lock:
            node, self._contradicts, self._is_doubted = self._contradicts, None, False
            return node

    def learnt(self, names, now):
        """Takes the members in a node's reply; an empty list means no reply, and changes nothing. Returns whether the view
        is new."""
        with self._lock:
            self._asked_at = now
            if not names:
                return False
            is_new = self.current is None or set(names) != set(self.current.members)
            self._pause = DOUBT_SECONDS_MIN if is_new else min(2 * self._pause, DOUBT_SECONDS_MAX)
            if is_new:
                self.current = View(names)
                self._forget_all_but(set(names))
            return is_new

    def _forget_all_but(self, names):
        self.speaking &= names
        self.silent &= names
        self._mute_until = {node: until for node, until in list(self._mute_until.items()) if node in names}
        self._foreign &= names
