"""What does a client know of the network? Views are immutable; `Views` knows the current one, and when to refresh it. No
sockets, no clock: the time is an argument (`operations` has its own)."""
import ipaddress
import threading

from p2p_client import placement
from p2p_client.fingerprint import fingerprint_of
from p2p_client.forking import call_after_fork
from p2p_client.operations import OperationNames

# A view that no reply has confirmed for this long is refreshed: replies of most services carry no fingerprint.
UNCONFIRMED_SECONDS_MAX = 1.0

# The pause between two refreshes while replies contradict the view: short at first, since a change spreads within
# milliseconds, and doubled each time the members are the same as before.
REFRESH_PAUSE_SECONDS_MIN = 0.02
REFRESH_PAUSE_SECONDS_MAX = 1.0


def name_of(address, port):
    """The address as text, "host:port" or "[v6]:port", as address_of() reads it. The port may be negative, if it was sent as
    an i16."""
    return f"[{address}]:{port & 0xFFFF}" if ":" in address else f"{address}:{port & 0xFFFF}"


def classic_name(name):
    """The node's name in the 2009 system, without brackets. Rings and fingerprints are computed from it."""
    return name[1:].replace("]:", ":") if name.startswith("[") else name


def address_of(name):
    """(host, port) of "host:port" or "[v6]:port". Raises ValueError for anything else."""
    host, _, port = name.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        is_host = _is_v6(host)
    else:
        is_host = bool(host) and ":" not in host
    if not is_host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"'{name}' is not a node's address, such as 127.0.0.1:9900 or [::1]:9900")
    return host, int(port)


def _is_v6(text):
    try:
        ipaddress.IPv6Address(text)
        return True
    except ValueError:
        return False


class View:
    """The members and the ring at one moment, and the fingerprint, which is equal on all nodes with the same view. That of an
    agreed cluster is a PartitionedView."""

    epoch = 0  # there are none
    leaving = ()  # who leaves owns nothing

    def __init__(self, names):
        self.members = tuple(sorted(set(names), key=lambda name: classic_name(name).encode()))
        self.nodes = self.members
        ring_names = list(map(classic_name, self.members))
        self.fingerprint = fingerprint_of(ring_names, placement.NAME)
        self._ring = placement.ClassicRing(ring_names)

    def owner_of(self, key):
        return self.members[self._ring.owner_of(key)]

    def owners_of(self, key, count):
        return [self.members[index] for index in self._ring.owners_of(key, count)]


# A node that tells an older epoch is late, or cut off from the others; after this long without a newer one, the network may
# have begun anew.
OLDER_EPOCH_SECONDS = 5.0

# How long a node is skipped that did not answer a probe, or is not a p2phost node: a node of the 2009 system remains one
# until another is started in its place.
SKIP_SECONDS = 30.0


class Views:
    """The current view. For any thread; `now` is from any monotonic clock, the same for all calls."""

    def __init__(self):
        self.current = None  # None until the first update()
        self.responsive = set()  # nodes that have answered every call since their first answer
        self.unresponsive = set()  # nodes that did not answer the last call
        self.level = 0  # the feature level that all members have, as far as one has told it
        self.operations = OperationNames()
        self._skipped_until = {}  # node -> when it may be tried again
        self._foreign = set()  # skipped nodes that are not p2phost nodes
        self.after_fork()
        self._may_be_stale = False
        self._contradicting_node = None  # the last node whose reply contradicted the view
        self._confirmed_at = 0.0
        self._refreshed_at = 0.0
        self._adopted_at = 0.0
        self._knows_placement = False
        self._was_contradicted = False  # before the refresh that runs
        self._pause = REFRESH_PAUSE_SECONDS_MIN
        call_after_fork(self)

    def after_fork(self):
        """The thread that held the lock may not exist in the child. The view remains valid there."""
        self._lock = threading.RLock()  # a signal handler may make calls

    def note_fingerprint(self, node, fingerprint, now):
        """A reply of `node` carried the fingerprint of its view."""
        current = self.current
        if current is not None and fingerprint == current.fingerprint:
            self._confirmed_at = now
        else:
            self._contradicting_node, self._may_be_stale = node, True

    def note_no_answer(self, node):
        """`node` did not answer a call: the members may have changed, and this node is asked last for them."""
        self.unresponsive.add(node)
        self.responsive.discard(node)
        self._may_be_stale = True

    def note_level(self, level):
        """A node has told, with a whole state, the feature level in force; None: there is none."""
        self.level = level or 0

    def note_answer(self, node):
        """`node` has answered a call."""
        if node not in self.responsive:
            self.responsive.add(node)
            self.unresponsive.discard(node)
            self._skipped_until.pop(node, None)
            self._foreign.discard(node)

    def skip(self, node, now):
        """No call goes to `node` for a while: it accepted a probe and did not answer."""
        self.unresponsive.add(node)
        self.responsive.discard(node)
        self._skipped_until[node] = now + SKIP_SECONDS

    def note_foreign(self, node, now):
        """`node` has answered as no p2phost node does."""
        self.skip(node, now)
        self._foreign.add(node)

    def is_foreign(self, node, now):
        return node in self._foreign and self.is_skipped(node, now)

    def is_skipped(self, node, now):
        return node in self._skipped_until and now < self._skipped_until[node]

    def is_refresh_due(self, now):
        """Whether to refresh the view before the next call is sent."""
        if self.current is None:
            return True
        with self._lock:
            if self._may_be_stale:
                return now - self._refreshed_at >= self._pause
            return now - max(self._confirmed_at, self._refreshed_at) >= UNCONFIRMED_SECONDS_MAX

    def start_refresh(self):
        """The caller now asks for the members. Returns the node to ask first, because it contradicted the view, or None."""
        with self._lock:
            node, self._contradicting_node, self._may_be_stale = self._contradicting_node, None, False
            self._was_contradicted = node is not None
            return node

    def wants_placement(self):
        """Whether the node that tells the members is asked, too, how keys are placed: once, and again if replies contradict a
        view to which a refresh brings nothing new."""
        return not self._knows_placement

    def note_placement(self):
        """A node has told how keys are placed, or does not know the question: then they are on the ring."""
        self._knows_placement = True

    def update(self, names, now):
        """Ends a refresh with the members in a node's reply, whose keys are on the ring; an empty list means no reply, and the
        view stays. Returns whether the view is new."""
        current = self.current
        is_same = current is not None and not current.epoch and set(names) == set(current.members)
        return self.adopt((current if is_same else View(names)) if names else None, now)

    def adopt(self, view, now):
        """Ends a refresh with what a node has told; None: no reply, and the view stays. Returns whether the view is new."""
        with self._lock:
            self._refreshed_at = now
            if view is None or self._is_behind(view, now):
                return False
            is_new = self.current is None or view.fingerprint != self.current.fingerprint
            self._pause = REFRESH_PAUSE_SECONDS_MIN if is_new else min(2 * self._pause, REFRESH_PAUSE_SECONDS_MAX)
            if is_new:
                self.current, self._adopted_at = view, now
                self._forget_all_but(set(view.nodes))
            elif self._was_contradicted:
                self._knows_placement = False
            return is_new

    def _is_behind(self, view, now):
        current = self.current
        return current is not None and view.epoch < current.epoch and now - self._adopted_at < OLDER_EPOCH_SECONDS

    def _forget_all_but(self, names):
        self.responsive &= names
        self.unresponsive &= names
        self._skipped_until = {node: until for node, until in list(self._skipped_until.items()) if node in names}
        self._foreign &= names
