"""Which nodes does a client ask for the members and for the owners of keys, and in which order? Used by both clients."""
import random

from p2p_client.codec import Request
from p2p_client.gen.locator import Locator, Ring
from p2p_client.outcome import Answered, Foreign, NotExecuted
from p2p_client.partitions import PartitionedView, partitions_named
from p2p_client.view import View, address_of, name_of

# How long one node may take to answer before the next one is asked.
REFRESH_SECONDS_MAX = 0.5

# The share of its remaining time that a call spends on a refresh, if there is already a view, and on probes.
REFRESH_SHARE = 0.25


def brief_end(now, deadline):
    """The deadline of a request that serves only to prepare a call with the deadline `deadline`."""
    return now + min(REFRESH_SECONDS_MAX, REFRESH_SHARE * (deadline - now))


def checked_seeds(seeds):
    """The "host:port" of every seed, given one by one or in lists. Raises ValueError for anything else."""
    names = []
    for seed in seeds:
        names += [seed] if isinstance(seed, str) else list(seed)
    if not names:
        raise ValueError("a client needs at least one node's address, such as 127.0.0.1:9900")
    for name in names:
        address_of(name)
    return tuple(names)


def candidates(views, seeds):
    """Starts a refresh. Returns the nodes in the order in which to ask them, each once: the one that contradicted the view,
    the members, the seeds; unresponsive nodes come last."""
    first = views.start_refresh()
    members = list(views.current.members) if views.current is not None else []
    random.shuffle(members)
    nodes = dict.fromkeys([*([first] if first else []), *members, *seeds])
    unresponsive = set(views.unresponsive)
    return sorted(nodes, key=lambda node: node in unresponsive)  # stable


def members_request(service):
    return Request(service, Locator.Client, "get_all", ())


class Discovery:
    """What the nodes are asked in a refresh. `locator` is the service's name in their configuration."""

    def __init__(self, locator, seeds):
        self.members_request = members_request(locator)
        self._ring = locator + ".ring"
        self._seeds = seeds

    def refreshing(self, views, clock):
        """Generates (node, request); the client sends back the outcome. Returns what a node has told, for Views.adopt(), or
        None. Without epochs, the members are asked for; how keys are placed, only when that is not known."""
        for node in candidates(views, self._seeds):
            current = views.current
            if current is not None and current.epoch:
                outcome = yield node, self._since_request(current)
                told = self._told_since(views, current, node, outcome, clock())
                if told is not None:
                    return told
                continue
            names = names_in(views, node, (yield node, self.members_request), clock())
            if not names:
                continue
            told = None
            if views.wants_placement():
                told = self._told_placement(views, (yield node, Request(self._ring, Ring.Client, "state", ())))
            return told or view_of_names(views, names)
        return None

    def _since_request(self, current):
        return Request(self._ring, Ring.Client, "state_since", (current.epoch, current.fingerprint))

    @staticmethod
    def _told_since(views, asked_about, node, outcome, now):
        if not is_answer(views, node, outcome, now):
            return None
        delta = outcome.value
        if delta.level is not None:
            views.note_level(delta.level)
        if delta.whole is not None:
            return view_of_state(views, delta.whole)
        return view_after(asked_about, delta)

    @staticmethod
    def _told_placement(views, outcome):
        if isinstance(outcome, Answered):
            views.note_placement()
            return view_of_state(views, outcome.value)
        if isinstance(outcome, NotExecuted) and not outcome.fault.is_transient:
            views.note_placement()  # an older node of ours: there was only the ring
        return None


def is_answer(views, node, outcome, now):
    """Whether the node has answered; notes it."""
    if isinstance(outcome, Foreign):
        views.note_foreign(node, now)
    if not isinstance(outcome, Answered):
        return False
    views.note_answer(node)
    return True


def names_in(views, node, outcome, now):
    """The members in the reply of `node` to a members_request; empty if there is no reply."""
    return names_of(outcome.value) if is_answer(views, node, outcome, now) else []


def names_of(locations):
    return [name_of(location.address, location.port) for location in locations]


def view_of_names(views, names):
    """The view of members whose keys are on the ring: the current one, if it is equal."""
    current = views.current
    is_same = current is not None and not current.epoch and set(names) == set(current.members)
    return current if is_same else View(names)


def view_of_state(views, state):
    """The view that a RingState tells; None if it makes no sense."""
    views.note_level(state.level)
    partitions = partitions_named(state.placement)
    if partitions is None:
        return view_of_names(views, names_of(state.members)) if state.members else None
    try:
        return PartitionedView.of_bytes(names_of(state.members), names_of(state.leaving), state.view, state.epoch or 0,
                                        partitions, state.owners or b"")
    except ValueError:
        return None


def view_after(view, delta):
    """The view to which a RingDelta leads from `view`, about which was asked; None if it makes no sense."""
    if delta.view == view.fingerprint:
        return view
    nodes = None
    if delta.members is not None or delta.leaving is not None:
        nodes = names_of(delta.members or ()), names_of(delta.leaving or ())
    try:
        return view.after(delta.view, delta.epoch, delta.moved or b"", nodes)
    except ValueError:
        return None
