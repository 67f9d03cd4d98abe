"""Which nodes does a client ask for the members, and in which order? Used by both clients."""
import random

from p2p_client.codec import Request
from p2p_client.gen.locator import Locator
from p2p_client.outcome import Answered, Foreign
from p2p_client.view import address_of, name_of

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


def names_in(views, node, outcome, now):
    """The members in the reply of `node` to a members_request; empty if there is no reply."""
    if isinstance(outcome, Foreign):
        views.note_foreign(node, now)
    if not isinstance(outcome, Answered):
        return []
    views.note_answer(node)
    return [name_of(location.address, location.port) for location in outcome.value]
